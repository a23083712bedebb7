import os
from pathlib import Path

import pytest

from asynctasq.app.settings import Settings, describe
from asynctasq.domain.errors import ConfigurationError

URL = "redis://ada:hunter2@example.org:6380/3?password=hunter3"


def load(given=None, environ=None, dotenv=None):
    return Settings.load(given, environ=environ or {}, dotenv=dotenv)


def problem(given=None, environ=None, dotenv=None):
    with pytest.raises(ConfigurationError) as error:
        load(given, environ, dotenv)
    return str(error.value)


@pytest.fixture
def dotenv(tmp_path):
    path = tmp_path / ".env"
    path.write_text("ASYNCTASQ_REDIS_DB=1\nASYNCTASQ_DRIVER=memory\nOTHER=x\nASYNCTASQ_REDIS_PREFIX=from-file\n")
    return path


class TestPrecedence:
    def test_without_anything_the_defaults_hold(self):
        assert load() == Settings()

    def test_a_file_comes_before_the_default(self, dotenv):
        assert load(dotenv=dotenv).driver == "memory"

    def test_the_environment_comes_before_the_file(self, dotenv):
        assert load(environ={"ASYNCTASQ_REDIS_DB": "2"}, dotenv=dotenv).redis.db == 2

    def test_what_is_given_comes_before_the_environment(self, dotenv):
        settings = load({"redis": {"db": 3}}, {"ASYNCTASQ_REDIS_DB": "2"}, dotenv)

        assert (settings.redis.db, settings.redis.prefix) == (3, "from-file")

    def test_an_empty_variable_is_not_set(self, dotenv):
        assert load(environ={"ASYNCTASQ_REDIS_DB": ""}, dotenv=dotenv).redis.db == 1

    def test_a_file_need_not_exist(self, tmp_path):
        assert load(dotenv=tmp_path / "none").driver == "sqlite"

    def test_the_process_environment_is_read_anew_each_time(self, monkeypatch):
        monkeypatch.setenv("ASYNCTASQ_WORKER_CONCURRENCY", "7")

        assert Settings.load(dotenv=None).worker.concurrency == 7

    def test_the_file_is_looked_for_in_the_working_directory(self, dotenv, monkeypatch):
        monkeypatch.chdir(dotenv.parent)

        assert Settings.load(environ={}).driver == "memory"


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("ASYNCTASQ_SIGNING_KEY", "k", "signing_key", "k"),
        ("ASYNCTASQ_DISPATCH_TIMEOUT", "2.5", "dispatch_timeout", 2.5),
        ("ASYNCTASQ_WORKER_IMPORTS", "shop.tasks, mail", "worker.imports", ("shop.tasks", "mail")),
        ("ASYNCTASQ_WORKER_LOG_LEVEL", "INFO", "worker.log_level", "info"),
        ("ASYNCTASQ_TASK_DEFAULTS_TIMEOUT", "30", "task_defaults.timeout", 30),
        ("ASYNCTASQ_PROCESS_POOL_SIZE", "3", "process_pool.size", 3),
        ("ASYNCTASQ_REPOSITORY_KEEP_COMPLETED_TASKS", "true", "repository.keep_completed_tasks", True),
        ("ASYNCTASQ_EVENTS_ENABLE_ALL", "off", "events.enable_all", False),
    ],
)
def test_a_variable_has_the_type_of_its_key(variable, text, name, value):
    settings = load(environ={variable: text})

    group, _, key = name.rpartition(".")
    assert getattr(getattr(settings, group) if group else settings, key) == value


class TestProblems:
    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ({"drvier": "redis"}, "drvier is no setting, did you mean driver?"),
            ({"redis": {"pasword": "x"}}, "redis.pasword is no setting, did you mean redis.password?"),
            ({"xyz": 1}, "xyz is no setting; there are dispatch_timeout, driver, events"),
            ({"redis": {"xyz": 1}}, "redis.xyz is no setting; there are redis.db, redis.max_connections"),
            ({"redis.db": 1}, "redis.db is no setting"),
            ({"redis": "redis://"}, "redis is a group of settings"),
            ({"redis": {"db": "five"}}, "redis.db (given): 'five' is not a whole number"),
            ({"redis": {"db": 5.7}}, "redis.db (given): 5.7 is not a whole number"),
            ({"redis": {"db": True}}, "redis.db (given): True is not a whole number"),
            ({"redis": {"db": -1}}, "redis.db (given): db=-1: must be 0 or more"),
            ({"driver": None}, "driver (given): None is not text"),
            ({"dispatch_timeout": float("nan")}, "dispatch_timeout (given): nan is not a number"),
            ({"dispatch_timeout": 0}, "must be above 0"),
            ({"sqlite": {"synchronous": "maybe"}}, "is not one of 'normal', 'full'"),
            ({"worker": {"imports": 3}}, "worker.imports (given): 3 is not a list of names"),
            ({"worker": {"log_format": 3}}, "worker.log_format (given): 3 is not one of 'text', 'json'"),
            ({"events": {"enable_all": "maybe"}}, "'maybe' is not true or false"),
            ({"task_defaults": {"queue": "a b"}}, "task_defaults.queue (given): queue name 'a b' is not allowed"),
            ({"task_defaults": {"visibility_timeout": 1}}, "must be 3 seconds or more"),
            ({"postgres": {"min_pool_size": 20}}, "postgres: min_pool_size=20: must not be above max_pool_size"),
            ({"rabbitmq": {"url": "localhost"}}, "must be a URL that begins with amqp:// or amqps://"),
        ],
    )
    def test_a_problem_names_the_key_its_source_and_what_is_allowed(self, given, text):
        assert text in problem(given)

    def test_a_bad_variable_is_named(self):
        text = problem(environ={"ASYNCTASQ_REDIS_DB": "x"})

        assert text == "redis.db (ASYNCTASQ_REDIS_DB in the environment): 'x' is not a whole number"

    def test_an_unknown_variable_is_an_error(self):
        text = problem(environ={"ASYNCTASQ_REDIS_URI": "x", "REDIS_URI": "y"})

        assert text == "ASYNCTASQ_REDIS_URI in the environment is no setting, did you mean ASYNCTASQ_REDIS_URL?"

    def test_a_bad_line_of_a_file_names_the_file(self, tmp_path):
        (tmp_path / "dot").write_text("ASYNCTASQ_REDIS_DB=x")

        assert f"ASYNCTASQ_REDIS_DB in {tmp_path / 'dot'}" in problem(dotenv=tmp_path / "dot")

    def test_a_file_that_cannot_be_read_is_a_problem(self, tmp_path):
        (tmp_path / "dot").write_bytes(b"A=\xff\xff")

        assert "cannot be read" in problem(dotenv=tmp_path / "dot")

    def test_all_problems_are_in_one_error(self):
        text = problem({"redis": {"db": "x"}, "nope": 1}, {"ASYNCTASQ_MYSQL_MAX_POOL_SIZE": "0"})

        assert text.count(";") >= 2
        assert "redis.db" in text
        assert "nope" in text
        assert "mysql.max_pool_size" in text


SECRETS = {
    "signing_key": "hunter2",
    "redis": {"url": URL, "password": "hunter2"},
    "postgres": {"dsn": "postgresql://ada:hunter2@db/x"},
    "rabbitmq": {"url": "amqp://ada:hunter2@host/"},
    "sqs": {"aws_access_key_id": "hunter2", "aws_secret_access_key": "hunter2"},
    "events": {"redis_url": URL},
}


class TestSecrets:
    def test_no_secret_is_in_the_repr(self):
        assert "hunter" not in repr(load(SECRETS))

    def test_the_repr_shows_where_a_url_leads(self):
        assert "'redis://***@example.org:6380/3?***'" in repr(load(SECRETS))

    @pytest.mark.parametrize(
        "url",
        [
            "http://ada:hunter2@host/",
            "redis://ada:hunter2@host:port/",
            "redis://:hunter2/@host/",
            "redis://:hun#hunter2@host:x/",
            "host=db password=hunter2",
            "redis://[hunter2",
            b"redis://ada:hunter2@host/",
            ["hunter2"],
        ],
    )
    def test_no_secret_is_in_an_error(self, url):
        text = problem({"redis": {"url": url}})

        assert "redis.url" in text
        assert "hunter" not in text

    @pytest.mark.parametrize("value", [b"hunter2", ["hunter2"], {"a": "hunter2"}])
    def test_no_secret_of_the_wrong_type_is_in_an_error(self, value):
        assert "hunter" not in problem({"signing_key": value})

    def test_the_error_has_no_cause_that_would_tell(self):
        with pytest.raises(ConfigurationError) as error:
            load({"redis": {"url": "redis://ada:hunter2@host:port/"}})

        assert (error.value.__cause__, error.value.__context__) == (None, None)


class TestDatabasePath:
    def test_it_is_made_absolute(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

        assert load({"sqlite": {"path": "a/../q.db"}}).sqlite.path == (tmp_path / "q.db").resolve()

    def test_without_a_database_it_is_in_the_working_directory(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

        assert load().sqlite.path == tmp_path.resolve() / ".asynctasq" / "queue.db"

    def test_a_database_of_a_parent_is_found(self, tmp_path, monkeypatch):
        (tmp_path / ".asynctasq").mkdir()
        (tmp_path / ".asynctasq" / "queue.db").touch()
        (tmp_path / "deep" / "down").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / "deep" / "down")

        assert load().sqlite.path == tmp_path.resolve() / ".asynctasq" / "queue.db"

    def test_a_home_directory_is_expanded(self):
        assert load({"sqlite": {"path": "~/q.db"}}).sqlite.path == Path.home().resolve() / "q.db"


class TestDescription:
    def test_every_key_is_described(self):
        names = [info.name for info in describe()]

        assert names[:4] == ["driver", "signing_key", "dispatch_timeout", "sqlite.path"]
        assert len(names) == len(set(names)) == 49
        assert all(info.help for info in describe())

    def test_no_two_keys_share_a_variable(self):
        variables = [info.variable for info in describe()]

        assert len(variables) == len(set(variables))

    def test_passwords_and_keys_are_secret(self):
        secret = [info.name for info in describe() if info.secret]

        assert secret == ["signing_key", "redis.password", "sqs.aws_access_key_id", "sqs.aws_secret_access_key"]

    def test_a_computed_default_is_described(self):
        size = next(info for info in describe() if info.name == "process_pool.size")

        assert size.default == "the number of CPUs"
        assert Settings().process_pool.size == os.cpu_count()
