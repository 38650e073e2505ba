from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("realtime", "0004_flow_counters")]

    operations = [
        migrations.AddField(
            model_name="realtimesession",
            name="next_media_seq",
            field=models.PositiveBigIntegerField(default=0),
        ),
    ]
