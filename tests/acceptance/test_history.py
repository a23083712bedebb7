"""What has succeeded can be looked at for a while, if that is wanted."""

import json

import pytest

from tests.acceptance.project import complaint

pytestmark = pytest.mark.acceptance


@pytest.mark.full
def test_a_completed_task_is_shown_if_it_was_kept(project):
    project.environ["ASYNCTASQ_REPOSITORY_KEEP_COMPLETED_TASKS"] = "true"
    id = project.dispatch("mail('ada')")
    assert project.cli("worker", "--burst").returncode == 0

    shown = json.loads(project.cli("tasks", "show", id, "--json").stdout)

    assert (shown["state"], shown["task"], shown["queue"], shown["attempts"]) == (
        "succeeded",
        "shop:mail",
        "emails",
        1,
    )
    assert shown["duration_seconds"] >= 0
    del project.environ["ASYNCTASQ_REPOSITORY_KEEP_COMPLETED_TASKS"]
    assert "keep_completed_tasks" in complaint(project.cli("tasks", "show", id))
