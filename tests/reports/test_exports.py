"""The tables as files: the same numbers, and nothing that a spreadsheet would run."""

import csv
import io

import pytest
from django.urls import reverse

from reports import behind_exports
from reports.exports import TABLES, as_csv


def read(response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


class TestAsCsv:
    def test_disarms_formulas_and_leaves_numbers(self):
        text = as_csv([["=1+1", "+49", "-x", "@SUM", "\tx", "\rx", "plain", -5, None, "a,b"]]).decode("utf-8-sig")
        (row,) = list(csv.reader(io.StringIO(text, newline="")))
        assert row == ["'=1+1", "'+49", "'-x", "'@SUM", "'\tx", "'\rx", "plain", "-5", "", "a,b"]


class TestExport:
    @pytest.mark.parametrize("table", sorted(TABLES))
    def test_is_a_file_with_the_period_in_its_name(self, busy_desk, frozen, client_of, manager_user, table):
        response = client_of(manager_user).get(reverse("reports:export", args=[table]))
        assert response.status_code == 200
        assert response["Content-Disposition"] == f'attachment; filename="{table}-2026-10-25-2026-11-23.csv"'
        rows = read(response)
        assert len({len(row) for row in rows}) == 1
        assert len(rows) > 1

    def test_says_what_the_page_says(self, busy_desk, frozen, client_of, manager_user):
        rows = read(client_of(manager_user).get(reverse("reports:export", args=["services"])))
        assert rows[0][:5] == [
            "Service",
            "Resolution: measured",
            "Resolution: late",
            "Resolution: %",
            "Resolution: target",
        ]
        assert ["VPN & remote access", "2", "1", "50.0", "95.0"] in [row[:5] for row in rows]
        assert any(row[0] == "'=E-mail & calendar" for row in rows)

    def test_keeps_the_filters_of_the_page(self, busy_desk, frozen, client_of, manager_user, vpn):
        url = f"{reverse('reports:export', args=['services'])}?service={vpn.pk}&period=7d"
        response = client_of(manager_user).get(url)
        assert [row[0] for row in read(response)] == ["Service", "VPN & remote access"]
        assert "2026-11-17" in response["Content-Disposition"]

    def test_of_an_unknown_table_is_not_there(self, client_of, manager_user):
        assert client_of(manager_user).get(reverse("reports:export", args=["passwords"])).status_code == 404


class TestExportBehind:
    @pytest.mark.parametrize("table", sorted(behind_exports.TABLES))
    def test_is_a_file_with_the_period_in_its_name(self, busy_desk, frozen, client_of, manager_user, table):
        response = client_of(manager_user).get(reverse("reports:export_behind", args=[table]))
        assert response.status_code == 200
        assert response["Content-Disposition"] == f'attachment; filename="behind-{table}-2026-10-25-2026-11-23.csv"'
        assert len({len(row) for row in read(response)}) == 1

    def test_says_what_the_page_says(self, busy_desk, frozen, client_of, manager_user):
        client = client_of(manager_user)
        rows = read(client.get(reverse("reports:export_behind", args=["services"])))
        (_key, _title, _column, shown) = client.get(reverse("reports:watermelon")).context["tables"][0]
        assert [row[0].removeprefix("'") for row in rows[1:]] == [row["name"] for row in shown]
        assert [row[1] for row in rows[1:]] == [str(row["n"]) for row in shown]
        assert [row[4:-1] for row in rows[1:]] == [[str(cell.n) for cell in row["cells"]] for row in shown]

    def test_keeps_the_filters_of_the_page(self, busy_desk, frozen, client_of, manager_user, vpn):
        url = f"{reverse('reports:export_behind', args=['services'])}?service={vpn.pk}&period=7d"
        response = client_of(manager_user).get(url)
        assert [row[0] for row in read(response)] == ["Service", "VPN & remote access"]
        assert "2026-11-17" in response["Content-Disposition"]

    def test_of_an_unknown_table_is_not_there(self, client_of, manager_user):
        assert client_of(manager_user).get(reverse("reports:export_behind", args=["passwords"])).status_code == 404

    def test_is_refused_to_an_agent(self, client_of, alice):
        assert client_of(alice).get(reverse("reports:export_behind", args=["services"])).status_code == 403
