import re

import pytest

from asynctasq.app.settings import Settings, describe
from asynctasq.cli.publish import NAME, example, publish
from asynctasq.domain.errors import AsyncTasQError


def test_every_setting_is_there_and_none_is_set():
    lines = example().splitlines()

    assert all(line.startswith("#") for line in lines if line)
    named = re.findall(r"^# (ASYNCTASQ_\w+)=", example(), flags=re.MULTILINE)
    assert named == [info.variable for info in describe()]


def test_uncommented_it_says_what_holds_anyhow(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / ".env"
    path.write_text(re.sub(r"^# (ASYNCTASQ_\w+=)", r"\1", example(), flags=re.MULTILINE))

    assert Settings.load(environ={}, dotenv=path) == Settings()


def test_a_file_that_is_there_stays_unless_forced(tmp_path):
    (tmp_path / NAME).write_text("mine")

    with pytest.raises(AsyncTasQError, match="is there already: --force writes over it"):
        publish(output_dir=tmp_path)
    assert (tmp_path / NAME).read_text() == "mine"

    publish(output_dir=tmp_path, force=True)
    assert (tmp_path / NAME).read_text() == example()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(AsyncTasQError, match=r"nowhere.*cannot be written: No such file"):
        publish(output_dir=tmp_path / "nowhere")
