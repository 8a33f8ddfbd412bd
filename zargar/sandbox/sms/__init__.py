"""Companies that carry text messages, as they speak: each at `/{company}` and its own path, with its own control.

`desk` is what a call meets (journal, misbehaviour, control), `company` what a company is without its protocol, and one
file for each protocol. A company takes what it is given and sends it nowhere.
"""

from zargar.sandbox.sms.desk import Speaker
from zargar.sandbox.sms.ippanel import IpPanel
from zargar.sandbox.sms.kavenegar import Kavenegar
from zargar.sandbox.sms.melipayamak import Melipayamak
from zargar.sandbox.sms.smsir import SmsIr


def companies() -> list[Speaker]:
    """Return the companies of one sandbox, with nothing taken yet."""
    return [Kavenegar(), SmsIr(), Melipayamak(), IpPanel()]
