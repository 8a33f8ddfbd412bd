"""The versions of a template that a bulk was counted by (empty: of a bulk from before, written by what counts then)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column."""

    dependencies = [
        ('shop_messages', '0002_kinds_of_alerts'),
    ]

    operations = [
        migrations.AddField(
            model_name='bulk',
            name='templates',
            field=models.JSONField(blank=True, default=dict, verbose_name='قالب‌ها'),
        ),
    ]
