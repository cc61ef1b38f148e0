"""Without a mail server letters are files that a person can open."""

from email import message_from_bytes, policy

from django.core import mail

from mail.letters import Letter


class TestReadableFileBackend:
    def test_writes_one_complete_file_per_message(self, settings, tmp_path):
        settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "mail.backends.ReadableFileBackend", tmp_path / "mail"
        letter = Letter(subject="[INC-1] 打印机", body="你好", to=["bob@example.org"])
        letter.attach_alternative("<p>你好</p>", "text/html")
        assert letter.send() == 1
        mail.send_mail("plain", "words", None, ["eve@example.org"])

        files = sorted((tmp_path / "mail").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        assert [path.suffix for path in files] == [".eml", ".eml"]
        assert letter.answer == f"written to {files[0].name}"
        parsed = message_from_bytes(files[0].read_bytes(), policy=policy.default)
        assert parsed["Subject"] == "[INC-1] 打印机"
        assert parsed.get_body(("plain",)).get_content().strip() == "你好"
