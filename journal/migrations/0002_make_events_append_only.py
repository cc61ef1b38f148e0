"""The application's role may add and read events, never change or remove one."""

from django.conf import settings
from django.db import migrations


def revoke(apps, schema_editor):  # noqa: ARG001
    role = settings.DATABASES["default"]["USER"]
    if role == schema_editor.connection.settings_dict["USER"]:
        return  # one role for everything (a small installation): `manage.py check --deploy` warns of it
    quoted = schema_editor.quote_name(role)
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON journal_event FROM {quoted}")


class Migration(migrations.Migration):
    dependencies = [("journal", "0001_initial")]

    operations = [migrations.RunPython(revoke, migrations.RunPython.noop)]
