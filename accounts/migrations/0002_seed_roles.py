"""The roles a new installation starts with; administrators may change what they carry."""

from django.db import migrations

ROLES = {
    "requester": ("Requester", []),
    "organisation_manager": ("Organisation manager", ["ticket.view_organisation"]),
    "agent": ("Agent", ["desk.enter", "ticket.view_all", "ticket.view_internal", "ticket.work", "people.view_all"]),
    "team_lead": (
        "Team lead",
        ["desk.enter", "ticket.view_all", "ticket.view_internal", "ticket.work", "people.view_all",
         "ticket.override_priority", "report.view"],
    ),
    "manager": (
        "Manager",
        ["desk.enter", "ticket.view_all", "ticket.view_internal", "ticket.work", "people.view_all",
         "ticket.override_priority", "report.view", "agreement.manage"],
    ),
    "auditor": ("Auditor", ["desk.enter", "ticket.view_all", "ticket.view_internal", "people.view_all", "report.view"]),
    "admin": (
        "Administrator",
        ["desk.enter", "ticket.view_all", "ticket.view_organisation", "ticket.view_internal", "ticket.work",
         "ticket.override_priority", "people.view_all", "report.view", "agreement.manage", "admin.manage"],
    ),
}  # fmt: skip


def seed(apps, schema_editor):
    role = apps.get_model("accounts", "Role")
    database = schema_editor.connection.alias
    for key, (name, permissions) in ROLES.items():
        role.objects.using(database).create(key=key, name=name, permissions=permissions)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
