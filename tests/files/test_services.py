"""Files are judged by what they contain, refused with the limit named, and read through their subject's gate."""

import io
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from files.models import StoredFile
from files.services import ALLOWED, clean_name, store_files, validate_files
from tickets.models import Channel
from work.services import note_on_ticket, reply_to_ticket

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc33"
    "0000000049454e44ae426082"
)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\nendobj\n%%EOF\n"


def docx() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return buffer.getvalue()


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


class TestValidateFiles:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("screen.png", PNG),
            ("SCREEN.PNG", PNG),
            ("report.pdf", PDF),
            ("letter.docx", docx()),
            ("vpn.log", b"10:01 rekey failed\n"),
            ("table.csv", "名称;数量\n".encode()),
            ("data.json", b'{"a": 1}'),
            ("old.zip", docx()),
        ],
    )
    def test_takes_what_a_desk_exchanges(self, name, content):
        validate_files([upload(name, content)])

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("page.html", b"<!doctype html><script>alert(1)</script>"),
            ("drawing.svg", b"<svg onload=alert(1)>"),
            ("run.exe", b"MZ\x90\x00"),
            ("picture.png", b"<svg onload=alert(1)>"),
            ("picture.png", b"MZ\x90\x00" + b"\x00" * 200),
            ("notes.txt", b"  <HTML><script>"),
            ("notes.txt", b"\x7fELF\x02\x01\x01\x00"),
            ("noending", b"hello"),
            ("empty.txt", b""),
        ],
    )
    def test_refuses_what_could_act_or_lies_about_itself(self, name, content):
        with pytest.raises(ValidationError) as refused:
            validate_files([upload(name, content)])
        assert name in refused.value.messages[0]

    def test_names_the_limit(self, settings):
        settings.FILE_MAX_BYTES = 1024 * 1024
        with pytest.raises(ValidationError) as refused:
            validate_files([upload("big.txt", b"a" * (1024 * 1024 + 1))])
        assert "the limit is 1.0\xa0MB" in refused.value.messages[0]

    def test_tells_every_problem_at_once(self):
        with pytest.raises(ValidationError) as refused:
            validate_files([upload("a.exe", b"MZ"), upload("ok.txt", b"ok"), upload("b.svg", b"<svg>")])
        assert len(refused.value.messages) == 2

    def test_refuses_too_many(self, settings):
        with pytest.raises(ValidationError, match=f"At most {settings.FILES_PER_ENTRY} files"):
            validate_files([upload(f"{n}.txt", b"x") for n in range(settings.FILES_PER_ENTRY + 1)])

    def test_every_accepted_ending_has_a_harmless_type(self):
        assert not [kind for kind in ALLOWED.values() if "html" in kind or "svg" in kind or "javascript" in kind]


class TestCleanName:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("../../etc/passwd.txt", "passwd.txt"),
            ("C:\\Users\\bob\\vpn.log", "vpn.log"),
            ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
            ("日志.txt", "日志.txt"),
            ("...", "file"),
            ("x" * 300 + ".pdf", "x" * 180 + ".pdf"),
        ],
    )
    def test_keeps_the_last_part_without_control_characters(self, given, kept):
        assert clean_name(given) == kept


class TestStoreFiles:
    def test_keeps_the_bytes_under_a_random_key(self, bob, now):
        [file] = store_files(
            uploads=[upload("vpn.log", b"lines")], subject_kind="entry", subject_id=1, actor=bob, now=now
        )
        assert default_storage.open(file.path).read() == b"lines"
        assert "vpn" not in file.path
        assert (file.size, file.content_type) == (5, "text/plain")


class TestDownload:
    @pytest.fixture
    def files(self, incident, alice, bob, now):
        reply_to_ticket(
            ticket=incident.ticket, body="See log", actor=bob, now=now, channel=Channel.PORTAL,
            uploads=[upload("public.txt", b"public words")],
        )  # fmt: skip
        note_on_ticket(
            ticket=incident.ticket,
            body="See mine",
            actor=alice,
            now=now,
            uploads=[upload("secret.txt", b"secret words")],
        )
        return {file.name: f"/files/{file.key}/" for file in StoredFile.objects.all()}

    def status(self, client_of, files, **people):
        return {
            who: tuple(client_of(user).get(files[name]).status_code for name in ("public.txt", "secret.txt"))
            for who, user in people.items()
        }

    def test_goes_through_the_gate_of_its_subject(self, client_of, files, alice, auditor, bob, bea, charlie):
        found = self.status(client_of, files, alice=alice, auditor=auditor, bob=bob, bea=bea, charlie=charlie)
        assert found == {
            "alice": (200, 200), "auditor": (200, 200), "bob": (200, 404), "bea": (200, 404), "charlie": (404, 404),
        }  # fmt: skip

    def test_is_an_attachment_that_no_browser_runs(self, client_of, files, bob):
        response = client_of(bob).get(files["public.txt"])
        assert response["Content-Disposition"] == 'attachment; filename="public.txt"'
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response["Content-Security-Policy"]
        assert response["Cache-Control"] == "private, no-store"

    def test_needs_a_person(self, client, files):
        assert client.get(files["public.txt"]).status_code == 302
