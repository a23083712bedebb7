"""The Python blocks of the two guides do what the tables say. The guides lie beside the checkout and are not copied."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asynctasq.app.headers import config_of
from tests.acceptance.brokers.servers import SERVERS, Server
from tests.acceptance.guides import class_table, function_table
from tests.acceptance.guides.block import Block, blocks_of, digest_of
from tests.acceptance.guides.course import OPEN_TO_VIEW, Course, serving

GUIDES = Path(__file__).parents[2] / "../shared/seeds"
BLOCKS = {"class": class_table.BLOCKS, "function": function_table.BLOCKS}
NUMBERED = [(guide, number, block) for guide, blocks in BLOCKS.items() for number, block in enumerate(blocks, 1)]
WORKING_EXAMPLES = {("class", 37), ("function", 46)}
CHAIN = re.compile(r"\.(delay|on_queue|max_attempts|retry_delay|timeout|visibility_timeout)\(")

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not GUIDES.is_dir(), reason="the guides do not lie beside this checkout"),
    pytest.mark.timeout(300),
]

Courses = Mapping[str, Course]
on_every_course = pytest.mark.parametrize(
    "courses", ["sqlite", pytest.param("redis", marks=pytest.mark.full)], indirect=True, scope="module"
)


def each_block(*, among: list[tuple[str, int, Block]] = NUMBERED) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("guide", "number", "block"), among, ids=[f"{guide}-{number:02}" for guide, number, _ in among]
    )


@pytest.fixture(scope="module")
def codes() -> Mapping[str, list[str]]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(GUIDES.glob("*.txt"))]
    return dict(zip(BLOCKS, map(blocks_of, texts), strict=True))


@pytest.fixture(scope="module")
def courses(
    request: pytest.FixtureRequest,
    codes: Mapping[str, list[str]],
    server_of: Callable[[str], Server],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Courses]:
    courses: dict[str, Course] = {}
    for guide, blocks in BLOCKS.items():
        folder = tmp_path_factory.mktemp(guide)
        variables = {"ASYNCTASQ_SQLITE_PATH": str(folder / "queue.db")}
        if request.param != "sqlite":
            server = server_of(request.param)
            server.furnish(guide)
            variables = dict(server.settings(guide, server.port))
        chosen = {
            number: block
            for number, block in enumerate(blocks, 1)
            if request.param in OPEN_TO_VIEW
            or (guide, number) in WORKING_EXAMPLES
            or CHAIN.search(codes[guide][number - 1])
        }
        courses[guide] = Course(guide, folder, chosen, variables)
    # SQS has no namespaces here: side by side, each worker would take what belongs to the other.
    thread_count = 1 if request.param == "sqs" else len(BLOCKS)
    with serving() as site, ThreadPoolExecutor(thread_count) as threads:
        for guide, course in courses.items():
            course.write(codes[guide], site)
        list(threads.map(Course.run, courses.values()))
        yield courses


def test_the_guides_have_98_blocks(codes: Mapping[str, list[str]]):
    assert sum(map(len, codes.values())) == 98


@pytest.mark.parametrize("guide", BLOCKS)
def test_the_table_lists_every_block_of_a_guide_as_it_stands(codes: Mapping[str, list[str]], guide: str):
    assert [block.digest for block in BLOCKS[guide]] == [digest_of(code) for code in codes[guide]]


@on_every_course
@each_block()
def test_a_block_defines_the_tasks_of_the_table(courses: Courses, guide: str, number: int, block: Block):
    needs_another_driver(courses[guide], block)

    assert courses[guide].tasks(number) == sorted(block.tasks)


@on_every_course
@each_block()
def test_a_block_runs_as_a_script(courses: Courses, guide: str, number: int, block: Block):
    needs_another_driver(courses[guide], block)

    ran = courses[guide].ran[number]

    assert ran.returncode == 0, courses[guide].story(number)
    assert not block.test_count or f"{block.test_count} passed" in ran.stdout


@on_every_course
@each_block()
def test_a_worker_does_with_the_messages_of_a_block_what_the_table_says(
    courses: Courses, guide: str, number: int, block: Block
):
    needs_another_driver(courses[guide], block)

    assert courses[guide].fates(number) == sorted(block.sent), courses[guide].story(number)


@on_every_course
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


@on_every_course
@pytest.mark.parametrize("guide", BLOCKS)
def test_a_burst_leaves_no_queue_with_anything_to_run(courses: Courses, guide: str):
    due = courses[guide].due_meanwhile
    left = [each for each in courses[guide].queues if each["pending"] > due[each["name"]] or each["running"]]

    assert courses[guide].ran[0].returncode == 0, courses[guide].ran[0].stderr
    assert courses[guide].queues
    assert left == []


@pytest.mark.full
@pytest.mark.parametrize("guide", BLOCKS)
@pytest.mark.parametrize("courses", [each for each in SERVERS if each not in OPEN_TO_VIEW], indirect=True)
def test_examples_chains_and_delays_run_on_every_driver(courses: Courses, guide: str):
    course = courses[guide]
    failed = {number: course.story(number) for number, ran in course.ran.items() if ran.returncode}
    heard = {number: course.heard(number) for number in course.blocks}

    assert failed == {}
    assert len(course.blocks) >= 8
    assert heard == {number: told(block) for number, block in course.blocks.items()}


def told(block: Block) -> Counter[str]:
    """What a worker's log says last of the messages that the table names."""
    endings = {"": "succeeded", "retry": "failed", "dead": "is dead"}
    fates = (sent.partition(" ")[2] for sent in block.sent)
    return Counter(endings[fate] for fate in fates if fate in endings)


def needs_another_driver(course: Course, block: Block) -> None:
    if not block.runs_on(course.driver):
        pytest.skip(f"it needs {block.needs}")
