"""Services that carry messages to devices, as they speak: Web Push to browsers at `/webpush`, FCM v1 at `/fcm`.

Each has the control of a company of text messages (`sms.desk`): its lists hold addresses, `blacklist` those that are
gone and `invalid` those that never were. `GET /{service}/device/{id}` tells what a device has shown.
"""

from zargar.sandbox.push.fcm import Fcm, Tokens
from zargar.sandbox.push.webpush import WebPush
from zargar.sandbox.sms.desk import Speaker


def services() -> list[Speaker]:
    """Return the services of one sandbox, with nothing taken yet."""
    tokens = Tokens()
    return [WebPush(), tokens, Fcm(tokens)]
