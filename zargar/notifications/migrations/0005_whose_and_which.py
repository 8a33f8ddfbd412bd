"""Whose each attempt is, for the cap of promotions, and which bulk a reservation is for, whatever its number.

The journal is written once (`0002_journal_rights`): the new column can be inserted, and is not to be changed.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two columns and an index."""

    dependencies = [("notifications", "0004_heard_wishes")]

    operations = [
        migrations.AddField(
            model_name="journalentry",
            name="customer_id",
            field=models.BigIntegerField(help_text="the shop's customer, whatever address it went to", null=True),
        ),
        migrations.AddField(
            model_name="reservation",
            name="event_key",
            field=models.CharField(db_default="", help_text="as the journal has the bulk's messages", max_length=200),
        ),
        migrations.AddIndex(
            model_name="journalentry",
            index=models.Index(
                condition=models.Q(purpose="promotion", state__in=["accepted", "trying", "unknown"]),
                fields=["customer_id", "shop_id", "tried_at"],
                name="journal_promotions_of",
            ),
        ),
    ]
