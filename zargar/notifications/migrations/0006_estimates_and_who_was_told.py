"""What messages cost as far as nobody tells it, and whether operators were told that sending is paused.

A sum of hours in which no provider told a cost was kept as 0. A text message never costs nothing, so those of text
messages are unknown. The journal is written once (`0002_journal_rights`): the estimate can be inserted, not changed.
"""

from django.db import migrations, models

UNKNOWN = """
UPDATE public.notifications_hourfigures SET cost = NULL WHERE cost = 0 AND channel = 'sms' AND sent > 0
"""
NOTHING = """
UPDATE public.notifications_hourfigures SET cost = 0 WHERE cost IS NULL
"""


class Migration(migrations.Migration):
    """Three columns, and one that may be empty."""

    dependencies = [("notifications", "0005_whose_and_which")]

    operations = [
        migrations.AddField(
            model_name="journalentry",
            name="estimate",
            field=models.BigIntegerField(
                help_text="parts by the account's configured price: what it costs as far as nobody tells", null=True
            ),
        ),
        migrations.AddField(
            model_name="hourfigures",
            name="estimated",
            field=models.BigIntegerField(help_text="parts by price, of what nobody told the cost of", null=True),
        ),
        migrations.AlterField(
            model_name="hourfigures",
            name="cost",
            field=models.BigIntegerField(help_text="as providers told it; null: none did", null=True),
        ),
        migrations.AddField(
            model_name="sending",
            name="told_at",
            field=models.DateTimeField(help_text="when the operators were told that it is paused", null=True),
        ),
        migrations.RunSQL(UNKNOWN, NOTHING),
    ]
