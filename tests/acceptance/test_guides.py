"""The Python blocks of the two guides do what the tables say. The guides lie beside the checkout and are not copied."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asynctasq.app.headers import config_of
from tests.acceptance.guides import class_table, function_table
from tests.acceptance.guides.block import Block, blocks_of, digest_of
from tests.acceptance.guides.course import Course, can_import, serving

GUIDES = Path(__file__).parents[2] / "../shared/seeds"
BLOCKS = {"class": class_table.BLOCKS, "function": function_table.BLOCKS}
NUMBERED = [(guide, number, block) for guide, blocks in BLOCKS.items() for number, block in enumerate(blocks, 1)]

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not GUIDES.is_dir(), reason="the guides do not lie beside this checkout"),
    pytest.mark.timeout(300),
]

Courses = Mapping[str, Course]


def each_block(*, among: list[tuple[str, int, Block]] = NUMBERED) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("guide", "number", "block"), among, ids=[f"{guide}-{number:02}" for guide, number, _ in among]
    )


@pytest.fixture(scope="module")
def codes() -> Mapping[str, list[str]]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(GUIDES.glob("*.txt"))]
    return dict(zip(BLOCKS, map(blocks_of, texts), strict=True))


@pytest.fixture(scope="module")
def courses(codes: Mapping[str, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Courses]:
    courses = {guide: Course(guide, tmp_path_factory.mktemp(guide), blocks) for guide, blocks in BLOCKS.items()}
    with serving() as site, ThreadPoolExecutor() as threads:
        for guide, course in courses.items():
            course.write(codes[guide], site)
        list(threads.map(Course.run, courses.values()))
        yield courses


def test_the_guides_have_98_blocks(codes: Mapping[str, list[str]]):
    assert sum(map(len, codes.values())) == 98


@pytest.mark.parametrize("guide", BLOCKS)
def test_the_table_lists_every_block_of_a_guide_as_it_stands(codes: Mapping[str, list[str]], guide: str):
    assert [block.digest for block in BLOCKS[guide]] == [digest_of(code) for code in codes[guide]]


@each_block()
def test_a_block_defines_the_tasks_of_the_table(courses: Courses, guide: str, number: int, block: Block):
    if not can_import(block):
        pytest.skip(f"it needs {', '.join(block.needs)}")

    assert courses[guide].tasks(number) == sorted(block.tasks)


@each_block(among=[each for each in NUMBERED if not each[2].needs])
def test_a_block_runs_as_a_script(courses: Courses, guide: str, number: int, block: Block):
    ran = courses[guide].ran[number]

    assert ran.returncode == 0, courses[guide].story(number)
    assert not block.test_count or f"{block.test_count} passed" in ran.stdout


@each_block(among=[each for each in NUMBERED if not each[2].needs])
def test_a_worker_does_with_the_messages_of_a_block_what_the_table_says(
    courses: Courses, guide: str, number: int, block: Block
):
    assert courses[guide].fates(number) == sorted(block.sent), courses[guide].story(number)


@pytest.mark.parametrize(
    ("guide", "number", "retry_delay"), [("class", 25, 180), ("function", 33, 30), ("function", 53, 30)]
)
def test_a_chain_of_all_methods_overrides_all_that_was_configured(
    courses: Courses, guide: str, number: int, retry_delay: int
):
    [sent] = courses[guide].sent[number]
    config = config_of(sent.message)

    assert config.get("max_attempts") == 10
    assert config.get("retry_delay") == retry_delay
    assert config.get("timeout") == 120
    assert config.get("visibility_timeout") == 600


@pytest.mark.parametrize("guide", BLOCKS)
def test_a_burst_leaves_no_queue_with_anything_to_run(courses: Courses, guide: str):
    left = [each for each in courses[guide].queues if each["pending"] or each["running"]]

    assert courses[guide].ran[0].returncode == 0, courses[guide].ran[0].stderr
    assert courses[guide].queues
    assert left == []
