"""One number sequence per kind, and ServiceNow's nine cells to start the priority table with (BEHAVIOUR.md 4.1)."""

from django.db import migrations

# impact, urgency, priority
CELLS = [(1, 1, 1), (1, 2, 2), (1, 3, 3), (2, 1, 2), (2, 2, 3), (2, 3, 4), (3, 1, 3), (3, 2, 4), (3, 3, 5)]


def seed(apps, schema_editor):
    rule = apps.get_model("tickets", "PriorityRule")
    rule.objects.using(schema_editor.connection.alias).bulk_create(
        rule(impact=impact, urgency=urgency, priority=priority) for impact, urgency, priority in CELLS
    )


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE tickets_incident_number START WITH 1001",
            "DROP SEQUENCE tickets_incident_number",
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
