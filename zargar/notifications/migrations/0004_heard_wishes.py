"""Which wishes of people were granted: see `zargar.notifications.models.heard`."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One table."""

    dependencies = [("notifications", "0003_reservations")]

    operations = [
        migrations.CreateModel(
            name="HeardWish",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=40)),
                ("identity", models.CharField(help_text="the company's", max_length=100)),
                ("heard_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(models.F("heard_at"), name="heard_at")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("account"),
                        models.F("identity"),
                        name="heard_once",
                    )
                ],
            },
        ),
    ]
