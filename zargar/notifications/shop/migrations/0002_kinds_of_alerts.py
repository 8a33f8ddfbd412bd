"""The kind of an alert about sending itself (`sending_alert`), in whatever names a kind."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Choices and two checks."""

    dependencies = [
        ('shop_messages', '0001_initial'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='recurring',
            name='recurring_kind',
        ),
        migrations.RemoveConstraint(
            model_name='templateversion',
            name='template_kind',
        ),
        migrations.AlterField(
            model_name='bulk',
            name='kind',
            field=models.CharField(choices=[('payment_reminder', 'PAYMENT_REMINDER'), ('payment_overdue', 'PAYMENT_OVERDUE'), ('payment_received', 'PAYMENT_RECEIVED'), ('appointment', 'APPOINTMENT'), ('welcome', 'WELCOME'), ('birthday', 'BIRTHDAY'), ('yalda', 'YALDA'), ('nowruz', 'NOWRUZ'), ('mothers_day', 'MOTHERS_DAY'), ('fathers_day', 'FATHERS_DAY'), ('promotion', 'PROMOTION'), ('digest', 'DIGEST'), ('price_alert', 'PRICE_ALERT'), ('backup_alert', 'BACKUP_ALERT'), ('sending_alert', 'SENDING_ALERT')], max_length=24, verbose_name='نوع پیام'),
        ),
        migrations.AlterField(
            model_name='recurring',
            name='kind',
            field=models.CharField(choices=[('payment_reminder', 'PAYMENT_REMINDER'), ('payment_overdue', 'PAYMENT_OVERDUE'), ('payment_received', 'PAYMENT_RECEIVED'), ('appointment', 'APPOINTMENT'), ('welcome', 'WELCOME'), ('birthday', 'BIRTHDAY'), ('yalda', 'YALDA'), ('nowruz', 'NOWRUZ'), ('mothers_day', 'MOTHERS_DAY'), ('fathers_day', 'FATHERS_DAY'), ('promotion', 'PROMOTION'), ('digest', 'DIGEST'), ('price_alert', 'PRICE_ALERT'), ('backup_alert', 'BACKUP_ALERT'), ('sending_alert', 'SENDING_ALERT')], max_length=24, verbose_name='نوع پیام'),
        ),
        migrations.AlterField(
            model_name='templateversion',
            name='kind',
            field=models.CharField(choices=[('payment_reminder', 'payment_reminder'), ('payment_overdue', 'payment_overdue'), ('payment_received', 'payment_received'), ('appointment', 'appointment'), ('welcome', 'welcome'), ('birthday', 'birthday'), ('yalda', 'yalda'), ('nowruz', 'nowruz'), ('mothers_day', 'mothers_day'), ('fathers_day', 'fathers_day'), ('promotion', 'promotion'), ('digest', 'digest'), ('price_alert', 'price_alert'), ('backup_alert', 'backup_alert'), ('sending_alert', 'sending_alert')], max_length=40, verbose_name='نوع'),
        ),
        migrations.AddConstraint(
            model_name='recurring',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['payment_reminder', 'payment_overdue', 'payment_received', 'appointment', 'welcome', 'birthday', 'yalda', 'nowruz', 'mothers_day', 'fathers_day', 'promotion', 'digest', 'price_alert', 'backup_alert', 'sending_alert'])), name='recurring_kind'),
        ),
        migrations.AddConstraint(
            model_name='templateversion',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['payment_reminder', 'payment_overdue', 'payment_received', 'appointment', 'welcome', 'birthday', 'yalda', 'nowruz', 'mothers_day', 'fathers_day', 'promotion', 'digest', 'price_alert', 'backup_alert', 'sending_alert'])), name='template_kind'),
        ),
    ]
