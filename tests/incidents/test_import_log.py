"""The reader: every line by itself, whatever is wrong with its neighbours."""

import gzip

import pytest

from incidents.importing import log
from incidents.importing.log import UnreadableLog, grouped, read_log, survey_log
from tests.incidents.logs import line, row, write_log

REQUIRED = ("incident_state", "opened_at")


def read(path):
    return list(read_log(path, number="number"))


def faults(path):
    return {record.line: record.fault for record in read(path) if record.fault}


class TestReadLog:
    def test_reads_plain_and_gzipped_alike(self, tmp_path):
        lines = [row(number="INC1"), row(number="INC2")]
        plain, packed = write_log(tmp_path / "log.csv", *lines), write_log(tmp_path / "log.csv.gz", *lines)
        assert read(plain) == read(packed)
        assert [record.incident for record in read(plain)] == ["INC1", "INC2"]
        assert read(plain)[1].fields["assigned_to"] == "Resolver 1"

    def test_numbers_lines_as_an_editor_does(self, tmp_path):
        path = write_log(tmp_path / "log.csv", row(), b"", row())
        assert [record.line for record in read(path)] == [2, 4]

    def test_takes_a_byte_order_mark_and_windows_line_ends(self, tmp_path):
        path = write_log(tmp_path / "log.csv", row())
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
        assert [record.fields["number"] for record in read(path)] == ["INC9"]

    def test_takes_commas_in_quotes(self, tmp_path):
        path = write_log(tmp_path / "log.csv", row(category='"Mail, calendar"'))
        assert read(path)[0].fields["category"] == "Mail, calendar"

    def test_names_the_byte_that_is_not_utf_8(self, tmp_path):
        broken = line(row(number="INC2")).replace(b"Category 1", b"Kateg\xf3rie")
        path = write_log(tmp_path / "log.csv", row(), broken, row())
        assert faults(path) == {3: f"not UTF-8: byte 0xf3 at {broken.index(bytes([0xF3])) + 1}"}
        assert read(path)[1].incident == "INC2"
        assert "Kateg\\xf3rie" in read(path)[1].text

    def test_ends_an_open_quote_with_its_line(self, tmp_path):
        path = write_log(tmp_path / "log.csv", row(category='"open'), row())
        assert faults(path) == {2: "broken CSV: unexpected end of data"}

    def test_counts_fields(self, tmp_path):
        path = write_log(tmp_path / "log.csv", b"INC1,New,true", line(row()) + b",more")
        assert faults(path) == {
            2: "broken CSV: 36 fields expected, 3 found",
            3: "broken CSV: 36 fields expected, 37 found",
        }
        assert [record.incident for record in read(path)] == ["INC1", "INC9"]

    def test_refuses_nul_bytes_and_endless_lines(self, tmp_path, monkeypatch):
        monkeypatch.setattr(log, "LONGEST_LINE", 500)
        path = write_log(tmp_path / "log.csv", row(category="a\0b"), row(category="x" * 5000), row())
        assert faults(path) == {2: "holds a NUL byte", 3: "longer than 500 bytes"}
        assert [record.line for record in read(path)] == [2, 3, 4]


class TestSurveyLog:
    def test_counts_records_and_sees_whether_incidents_stand_together(self, tmp_path):
        together = write_log(tmp_path / "a.csv", row(number="INC1"), row(number="INC1"), row(number="INC2"))
        apart = write_log(tmp_path / "b.csv", row(number="INC1"), row(number="INC2"), row(number="INC1"))
        assert survey_log(together, number="number", required=REQUIRED) == log.Survey(3, True)
        assert survey_log(apart, number="number", required=REQUIRED) == log.Survey(3, False)

    def test_says_which_columns_are_missing(self, tmp_path):
        path = tmp_path / "log.csv"
        path.write_text("number,state\nINC1,New\n")
        with pytest.raises(UnreadableLog, match="does not name the columns incident_state, opened_at"):
            survey_log(path, number="number", required=REQUIRED)

    def test_refuses_an_empty_file(self, tmp_path):
        path = tmp_path / "log.csv"
        path.write_bytes(b"")
        with pytest.raises(UnreadableLog, match="does not name the columns number"):
            survey_log(path, number="number", required=REQUIRED)

    def test_refuses_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(UnreadableLog, match="cannot be read"):
            survey_log(tmp_path / "none.csv", number="number", required=REQUIRED)

    def test_refuses_another_encoding(self, tmp_path):
        path = tmp_path / "log.csv"
        path.write_text("number,incident_state,opened_at\n", encoding="utf-16")
        with pytest.raises(UnreadableLog, match="no CSV header"):
            survey_log(path, number="number", required=REQUIRED)

    def test_refuses_a_gzip_file_that_was_cut_off(self, tmp_path):
        path = write_log(tmp_path / "log.csv.gz", *(row(number=f"INC{n}") for n in range(500)))
        path.write_bytes(path.read_bytes()[:-40])
        with pytest.raises(UnreadableLog, match="cannot be read"):
            survey_log(path, number="number", required=REQUIRED)

    def test_refuses_bytes_that_only_begin_like_gzip(self, tmp_path):
        path = tmp_path / "log.csv.gz"
        path.write_bytes(gzip.compress(b"number\n")[:12] + b"nonsense" * 20)
        with pytest.raises(UnreadableLog, match="cannot be read"):
            survey_log(path, number="number", required=REQUIRED)


class TestGrouped:
    def groups(self, path, *, is_grouped):
        found = grouped(read_log(path, number="number"), is_grouped=is_grouped)
        return [(group[0].incident, [record.line for record in group]) for group in found]

    def test_gives_one_incident_at_a_time(self, tmp_path):
        path = write_log(tmp_path / "log.csv", row(number="INC1"), row(number="INC1"), row(number="INC2"))
        assert self.groups(path, is_grouped=True) == [("INC1", [2, 3]), ("INC2", [4])]

    def test_keeps_an_incident_together_around_a_line_of_nobody(self, tmp_path):
        path = write_log(tmp_path / "log.csv", row(number="INC1"), row(number=""), row(number="INC1"))
        assert self.groups(path, is_grouped=True) == [("", [3]), ("INC1", [2, 4])]

    def test_brings_scattered_lines_together_with_few_in_memory(self, tmp_path, monkeypatch):
        monkeypatch.setattr(log, "CHUNK", 3)
        numbers = ["INC2", "INC1", "INC3", "INC1", "INC2", "INC1", "INC3", "INC1"]
        path = write_log(tmp_path / "log.csv", *(row(number=number) for number in numbers))
        assert self.groups(path, is_grouped=False) == [("INC1", [3, 5, 7, 9]), ("INC2", [2, 6]), ("INC3", [4, 8])]
