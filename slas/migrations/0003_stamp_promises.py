"""A value that changes with every change of what is promised (slas/standing.py reads it)."""

from django.db import migrations, models

STAMPED = ("slas_agreement", "slas_agreement_services", "slas_target", "slas_escalationstep", "slas_businesscalendar")

# From a sequence: a value given out in a transaction that was rolled back is not given out again.
STAMP = """
CREATE SEQUENCE slas_promisestamp_value;
INSERT INTO slas_promisestamp (value) VALUES (nextval('slas_promisestamp_value'));
CREATE FUNCTION slas_stamp_promises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE slas_promisestamp SET value = nextval('slas_promisestamp_value');
    RETURN NULL;
END $$;
"""
TRIGGER = """
CREATE TRIGGER slas_stamp_promises AFTER INSERT OR UPDATE OR DELETE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION slas_stamp_promises();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("slas", "0002_version_agreements_and_add_metrics"),
    ]

    operations = [
        migrations.CreateModel(
            name="PromiseStamp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("value", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(
            STAMP + "".join(TRIGGER.format(table=table) for table in STAMPED),
            "".join(f"DROP TRIGGER slas_stamp_promises ON {table};" for table in STAMPED)
            + "DROP FUNCTION slas_stamp_promises; DROP SEQUENCE slas_promisestamp_value;",
        ),
    ]
