"""Small logs for the tests of the import: whole incidents of the sample, or lines made for one purpose."""

import csv
import gzip
from pathlib import Path

SAMPLE = Path(__file__).parents[1] / "data" / "servicenow_sample.csv"
COLUMNS = SAMPLE.open(encoding="utf-8").readline().strip().split(",")
PLAIN = {
    "number": "INC9", "incident_state": "New", "active": "true", "sys_mod_count": "0", "made_sla": "true",
    "caller_id": "Caller 1", "opened_by": "Opened by 1", "opened_at": "1/3/2016 10:00",
    "sys_updated_by": "Updated by 1", "sys_updated_at": "1/3/2016 10:05", "contact_type": "Phone",
    "category": "Category 1", "subcategory": "Subcategory 2", "u_symptom": "Symptom 3", "impact": "2 - Medium",
    "urgency": "2 - Medium", "priority": "3 - Moderate", "assignment_group": "Group 1", "assigned_to": "Resolver 1",
    "closed_code": "code 1", "resolved_by": "Resolved by 1",
}  # fmt: skip


def sample_rows(*numbers: str) -> list[dict[str, str]]:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["number"] in numbers]


def row(**fields: str) -> dict[str, str]:
    """A readable update; what is not given is plain or missing."""
    return {**dict.fromkeys(COLUMNS, "?"), **PLAIN, **fields}


def line(row: dict[str, str]) -> bytes:
    return ",".join(row[column] for column in COLUMNS).encode()


def write_log(path: Path, *lines: bytes | dict[str, str]) -> Path:
    """The header and these lines, as a log; gzipped when the name says so."""
    body = [",".join(COLUMNS).encode(), *(each if isinstance(each, bytes) else line(each) for each in lines)]
    content = b"\n".join(body) + b"\n"
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path
