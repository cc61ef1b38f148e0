"""Lines of a log: a plain or gzipped CSV file with one record a line, in memory that does not grow with the file.

A line that cannot be read spoils itself and no other: a quote that does not close ends with its line, and bytes that are
not UTF-8 are named where they stand.
"""

import csv
import gzip
import heapq
import pickle
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

LONGEST_LINE = 64 * 1024  # bytes
CHUNK = 20_000  # records that are sorted in memory at once
GZIP_MAGIC = b"\x1f\x8b"


class UnreadableLog(Exception):
    """The file as a whole cannot be imported; the message says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line after the header. `incident` is the number as far as it can be told ("" if not); `fields` are by column,
    and None when `fault` says why the line cannot be read. `text` is the line as it stands."""

    line: int
    incident: str
    fields: dict[str, str] | None
    fault: str = ""
    text: str = ""


@dataclass(frozen=True)
class Survey:
    """What a first look at the whole file found: its records, and whether each incident's lines stand together."""

    n_records: int
    is_grouped: bool


def survey_log(path: Path, *, number: str, required: Iterable[str]) -> Survey:
    """Read the file once to its end. Raises UnreadableLog: not there, not whole, no header, columns missing."""
    lines = _lines(path)
    at = _columns(lines, (number, *required)).index(number)
    n_records, is_grouped, last = 0, True, b""
    for _line, raw in lines:
        if raw.strip():
            n_records += 1
            incident = (raw.split(b",", at + 1)[at : at + 1] or [b""])[0] or last
            is_grouped = is_grouped and incident >= last
            last = incident
    return Survey(n_records, is_grouped)


def read_log(path: Path, *, number: str) -> Iterator[Record]:
    """The records of the file in its order; `number` is the column of the incident's number."""
    lines = _lines(path)
    columns = _columns(lines, (number,))
    for line, raw in lines:
        if raw.strip():
            yield _record(line, raw, columns, number)


def grouped(records: Iterable[Record], *, is_grouped: bool) -> Iterator[list[Record]]:
    """The records of one incident at a time. A record of no known incident is a group of its own.

    Where the file has an incident's lines apart, it is sorted through temporary files first: `CHUNK` records are in
    memory at a time.
    """
    group: list[Record] = []
    for record in records if is_grouped else _sorted(records):
        if not record.incident:
            yield [record]
            continue
        if group and group[0].incident != record.incident:
            yield group
            group = []
        group.append(record)
    if group:
        yield group


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number, line without its end), from 1. A line beyond LONGEST_LINE comes cut after it: too long to be read."""
    try:
        with path.open("rb") as plain:
            is_gzip = plain.peek(2)[:2] == GZIP_MAGIC  # type: ignore[attr-defined]
            file: IO[bytes] = gzip.GzipFile(fileobj=plain) if is_gzip else plain  # type: ignore[assignment]
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                yield number, line.rstrip(b"\r\n")
                while line and not line.endswith(b"\n"):
                    line = file.readline(LONGEST_LINE)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableLog(f"{path} cannot be read: {error}") from error


def _columns(lines: Iterator[tuple[int, bytes]], required: Iterable[str]) -> list[str]:
    """The names in the first line, which this takes."""
    _line, raw = next(lines, (0, b""))
    try:
        columns = next(csv.reader([raw.decode("utf-8-sig")], strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableLog(f"The first line is no CSV header: {error}") from error
    if missing := [name for name in required if name not in columns]:
        raise UnreadableLog(f"The first line does not name the columns {', '.join(missing)}.")
    return columns


def _record(line: int, raw: bytes, columns: list[str], number: str) -> Record:
    text = raw.decode("utf-8", errors="backslashreplace")
    fault = ""
    values = text.split(",")
    if len(raw) > LONGEST_LINE:
        fault = f"longer than {LONGEST_LINE} bytes"
    elif b"\0" in raw:
        fault = "holds a NUL byte"
    else:
        try:
            values = next(csv.reader([raw.decode()], strict=True))
        except UnicodeDecodeError as error:
            fault = f"not UTF-8: byte {raw[error.start]:#04x} at {error.start + 1}"
        except csv.Error as error:
            fault = f"broken CSV: {error}"
    if not fault and len(values) != len(columns):
        fault = f"broken CSV: {len(columns)} fields expected, {len(values)} found"
    at = columns.index(number)
    incident = values[at].strip() if at < len(values) else ""
    if fault:
        return Record(line, incident, None, fault, text)
    return Record(line, incident, dict(zip(columns, values, strict=True)), text=text)


def _sorted(records: Iterable[Record]) -> Iterator[Record]:
    """By incident, then by line: sorted runs in temporary files, merged."""
    records = iter(records)
    with ExitStack() as stack:
        runs = []
        while chunk := sorted(islice(records, CHUNK), key=_place):
            run = stack.enter_context(tempfile.TemporaryFile())
            for record in chunk:
                pickle.dump(record, run)
            run.seek(0)
            runs.append(_loaded(run, len(chunk)))
            del chunk
        yield from heapq.merge(*runs, key=_place)


def _loaded(run: IO[bytes], n: int) -> Iterator[Record]:
    for _each in range(n):
        yield pickle.load(run)  # noqa: S301 (our own temporary file)


def _place(record: Record) -> tuple[str, int]:
    return record.incident, record.line
