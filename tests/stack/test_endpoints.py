import json
import os
import stat
import threading

import environ
import pytest
import redis

from itsm.stack import endpoints
from itsm.stack.endpoints import UnusableVar


class TestLoad:
    def test_makes_secrets_that_only_their_owner_reads(self, tmp_path):
        endpoints.load(tmp_path / "var")
        assert stat.S_IMODE((tmp_path / "var" / "secrets.json").stat().st_mode) == 0o600

    def test_gives_the_same_answer_twice(self, tmp_path):
        assert endpoints.load(tmp_path) == endpoints.load(tmp_path)

    def test_of_two_folders_share_no_secret(self, tmp_path):
        one, two = (set(endpoints.load_secrets(tmp_path / name).values()) for name in "ab")
        assert not one & two

    def test_agrees_among_many_first_readers(self, tmp_path):
        answers: list[str] = []
        readers = [
            threading.Thread(target=lambda: answers.append(endpoints.load(tmp_path).secret_key)) for _ in range(8)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        assert len(answers) == 8
        assert len(set(answers)) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]

    def test_refuses_a_file_in_one_sentence(self, tmp_path):
        (tmp_path / "var").touch()
        with pytest.raises(UnusableVar, match=r"cannot be used \(.*\): choose another with VAR="):
            endpoints.load(tmp_path / "var")

    def test_refuses_incomplete_secrets(self, tmp_path):
        (tmp_path / "secrets.json").write_text(json.dumps({"secret_key": "x"}))
        with pytest.raises(UnusableVar, match="lacks stack_id"):
            endpoints.load(tmp_path)


class TestAddresses:
    @pytest.mark.parametrize("name", ["var", "with space", "Große+Daten 数据 50%"])
    def test_are_what_django_and_redis_understand(self, tmp_path, name):
        var = tmp_path / name
        known, run = endpoints.load(var), str(endpoints.run_dir(var))
        database = environ.Env.db_url_config(known.database_url)
        assert (database["HOST"], database["PORT"], database["NAME"]) == (run, 5432, "portico")
        assert database["USER"] == "portico_app"
        assert environ.Env.db_url_config(known.owner_url)["USER"] == "portico_owner"
        pool = redis.ConnectionPool.from_url(endpoints.cache_url(known.redis_url))
        assert pool.connection_kwargs["path"] == f"{run}/vk.sock"

    def test_of_the_cache_names_the_same_socket_and_number(self):
        assert (
            endpoints.cache_url("redis+socket://:pw@/a%20b/vk.sock?virtual_host=3") == "unix://:pw@/a%20b/vk.sock?db=3"
        )

    def test_of_another_server_stay_as_they_are(self):
        assert endpoints.cache_url("rediss://host:6380/2") == "rediss://host:6380/2"


class TestRunDir:
    def test_is_inside_var(self, tmp_path):
        assert endpoints.run_dir(tmp_path / "v").parts[-2:] == ("v", "run") or len(str(tmp_path)) > 80

    def test_moves_where_the_path_is_too_long_for_a_socket(self, tmp_path):
        run = endpoints.run_dir(tmp_path / ("long" * 30))
        assert len(os.fsencode(run / endpoints.POSTGRES_SOCKET)) <= endpoints.LONGEST_SOCKET_PATH
        assert run != endpoints.run_dir(tmp_path / ("Long" * 30))
