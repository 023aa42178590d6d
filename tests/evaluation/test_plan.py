"""What is asked: which samples, in which order, and by what name the same question is known again."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.core.options import parse_levels
from qwq_nb.core.records import Sample
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.plan import make_plan, select, short_hash, wanted_subsets
from qwq_nb.store.request import EvalRequest, Selection, Source

LEVELS = [f"Level {n}" for n in range(1, 6)]
MATH_500 = {"Level 1": 43, "Level 2": 90, "Level 3": 105, "Level 4": 128, "Level 5": 134}


def samples(sizes: dict[str, int], benchmark: str = "math_500") -> list[Sample]:
    return [
        Sample(
            benchmark=benchmark,
            subset=subset,
            id=f"{benchmark}/{subset}/{index}",
            index=index,
            question=f"{subset} {index}?",
            gold=str(index),
            messages=[{"role": "user", "content": f"{subset} {index}?"}],
        )
        for subset, size in sizes.items()
        for index in range(size)
    ]


SOURCE = ("data", "hub", "few_shot", "dataset_args")


def request(*benchmarks: str, **fields: Any) -> EvalRequest:
    endpoint = fields.pop("endpoint", Endpoint("http://127.0.0.1:8000/v1", "m"))
    source = Source(**{name: fields.pop(name) for name in SOURCE if name in fields})
    chosen = {name: fields.pop(name) for name in Selection.__struct_fields__ if name in fields}
    return EvalRequest(
        benchmarks=list(benchmarks) or ["math_500"],
        endpoints=[endpoint],
        selection=Selection(**chosen),
        source=source,
        **fields,
    )


def ids(chosen: list[Sample]) -> list[str]:
    return [sample.id for sample in chosen]


sizes = st.dictionaries(st.sampled_from(LEVELS), st.integers(1, 30), min_size=1)


# Which samples


def test_fifty_of_math_500_are_ten_of_each_level() -> None:
    chosen = select(samples(MATH_500), 50, seed=0)
    assert Counter(s.subset for s in chosen) == dict.fromkeys(LEVELS, 10)


def test_a_small_subset_is_taken_whole_and_the_others_make_up_for_it() -> None:
    chosen = select(samples({"Level 1": 2, "Level 2": 50, "Level 3": 50}), 20, seed=0)
    assert Counter(s.subset for s in chosen) == {"Level 1": 2, "Level 2": 9, "Level 3": 9}


@given(sizes, st.integers(1, 200), st.integers())
def test_a_selection_is_even_complete_and_in_the_order_of_the_data(
    sizes: dict[str, int], limit: int, seed: int
) -> None:
    everything = samples(sizes)
    chosen = select(everything, limit, seed)
    assert len(chosen) == min(limit, len(everything))
    assert ids(chosen) == [i for i in ids(everything) if i in set(ids(chosen))]
    counts = Counter(s.subset for s in chosen)
    most = max(counts.values())
    assert all(counts[subset] >= min(size, most - 1) for subset, size in sizes.items())


@given(sizes, st.integers(1, 100), st.integers(0, 100), st.integers())
def test_a_larger_limit_contains_a_smaller_ones_samples(
    sizes: dict[str, int], limit: int, more: int, seed: int
) -> None:
    everything = samples(sizes)
    assert set(ids(select(everything, limit, seed))) <= set(ids(select(everything, limit + more, seed)))


def test_the_seed_decides_and_nothing_else() -> None:
    everything = samples(MATH_500)
    first = ids(select(everything, 50, seed=0))
    assert first == ids(select(iter(everything), 50, seed=0))
    assert first != ids(select(everything, 50, seed=1))
    # These are the samples of `%qwq_eval math_500 --limit 5`, this year and next.
    assert [s.index for s in select(everything, 5, seed=0)] == [27, 58, 93, 79, 83]


def test_a_level_has_the_same_samples_with_and_without_the_others() -> None:
    alone = select(samples({"Level 3": 105}), 10, seed=0)
    among = select(samples(MATH_500), 50, seed=0)
    assert ids(alone) == [s.id for s in among if s.subset == "Level 3"]


def test_no_limit_takes_all() -> None:
    everything = samples(MATH_500)
    assert select(everything, None, seed=3) == everything == select(everything, 10_000, seed=3)


# Levels and subsets


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("1-5", [1, 2, 3, 4, 5]),
        ("3", [3]),
        ("5,1", [1, 5]),
        ("1-2,2-3, 5", [1, 2, 3, 5]),
        ("Level 2", [2]),
        (" 1 - 2 ", [1, 2]),
        ("1000", [1000]),
    ],
)
def test_levels(text: str, levels: list[int]) -> None:
    assert parse_levels(text) == levels


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 1000)), min_size=1))
def test_any_ranges(pairs: list[tuple[int, int]]) -> None:
    pairs = [(min(pair), max(pair)) for pair in pairs]
    expected = sorted({n for first, last in pairs for n in range(first, last + 1)})
    assert parse_levels(",".join(f"{first}-{last}" for first, last in pairs)) == expected
    assert parse_levels(",".join(map(str, expected))) == expected


@pytest.mark.parametrize(
    "text", ["", "0", "5-1", "1-", "-1", "a", "1,,2", "1;2", "1.5", "1001", "9" * 5000, "1-" + "9" * 99]
)
def test_levels_that_are_none(text: str) -> None:
    with pytest.raises(OptionError, match="--levels takes numbers and ranges"):
        parse_levels(text)


@given(st.text(max_size=20))
def test_any_text_is_levels_or_an_option_error(text: str) -> None:
    try:
        levels = parse_levels(text)
    except OptionError:
        return
    assert levels == sorted(set(levels))
    assert all(1 <= level <= 1000 for level in levels)


@pytest.mark.parametrize(
    ("available", "fields", "wanted"),
    [
        (LEVELS, {}, LEVELS),
        (LEVELS, {"levels": [5, 2]}, ["Level 2", "Level 5"]),
        (LEVELS, {"subsets": ["level 4", "Level 1"]}, ["Level 1", "Level 4"]),
        (LEVELS, {"levels": [1, 2], "subsets": ["Level 2"]}, ["Level 2"]),
        (["default"], {"levels": [1, 2]}, ["default"]),  # a benchmark without levels is taken whole
    ],
)
def test_wanted_subsets(available: list[str], fields: dict[str, Any], wanted: list[str]) -> None:
    assert wanted_subsets("math_500", available, Selection(**fields)) == wanted


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"levels": [1, 6]}, "has no level 6: its levels are 1 to 5"),
        ({"subsets": ["Levle 1"]}, "no subset 'Levle 1'. Did you mean 'Level 1'?"),
        ({"levels": [1], "subsets": ["Level 2"]}, "leave nothing of math_500"),
    ],
)
def test_a_subset_that_is_not_there(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError) as caught:
        wanted_subsets("math_500", LEVELS, Selection(**fields))
    assert said in str(caught.value)


# In which order


def test_every_sample_is_asked_once_in_each_repeat_and_repeats_come_one_after_the_other() -> None:
    plan = make_plan([samples({"Level 1": 3, "Level 2": 5})], Selection(repeats=3))
    assert len({item.key for item in plan.items}) == len(plan.items) == 24
    assert [item.repeat for item in plan.items] == sorted([0, 1, 2] * 8)
    one, two, three = ([i.sample.id for i in plan.items if i.repeat == r] for r in range(3))
    assert one == two == three


@given(st.integers(1, 40), st.integers(0, 99))
def test_a_run_that_is_stopped_early_has_a_fair_sample(stop: int, seed: int) -> None:
    plan = make_plan(
        [samples(dict.fromkeys(LEVELS, 10)), samples({"default": 30}, "aime24")],
        Selection(seed=seed),
    )
    asked = Counter(item.sample.subset for item in plan.items[:stop])
    for subset, size in [*dict.fromkeys(LEVELS, 10).items(), ("default", 30)]:
        assert abs(asked[subset] - size * stop / 80) < 2


def test_the_order_is_seeded() -> None:
    def order(seed: int) -> list[tuple[str, int]]:
        return [item.key for item in make_plan([samples(MATH_500)], Selection(limit=50, seed=seed)).items]

    assert order(0) == order(0)
    assert order(0) != order(1)


def test_positions_are_those_among_the_selected_of_a_subset() -> None:
    plan = make_plan([samples(MATH_500)], Selection(limit=50))
    for subset in LEVELS:
        placed = {i.position: i.sample.index for i in plan.items if i.sample.subset == subset}
        assert list(range(10)) == sorted(placed)
        assert [placed[p] for p in range(10)] == sorted(placed.values())
    assert plan.subsets == [("math_500", level) for level in LEVELS]


def test_the_limit_is_of_each_benchmark() -> None:
    plan = make_plan([samples(MATH_500), samples({"default": 30}, "aime24")], Selection(limit=10))
    assert Counter(s.benchmark for s in plan.samples) == {"math_500": 10, "aime24": 10}


def test_nothing_to_ask() -> None:
    with pytest.raises(OptionError, match="Nothing to ask"):
        make_plan([[]], Selection())


# By what name


def test_the_plans_hash_changes_with_what_is_asked_and_with_nothing_else() -> None:
    everything = samples({"Level 1": 3})
    plan = make_plan([everything], Selection(seed=0, repeats=2))
    assert plan.hash() == make_plan([everything], Selection(seed=5, repeats=2)).hash()
    assert len(plan.hash()) == 16

    def changed(**fields: object) -> str:
        first, *rest = (dict(id=s.id, messages=s.messages, gold=s.gold, choices=s.choices) for s in everything)
        rebuilt = [
            Sample(benchmark="math_500", subset="Level 1", index=0, question="", **row)  # type: ignore[arg-type]
            for row in ({**first, **fields}, *rest)
        ]
        return make_plan([rebuilt], Selection(repeats=2)).hash()

    variants: list[dict[str, Any]] = [
        {"id": "other"},
        {"gold": "other"},
        {"choices": ["A"]},
        {"messages": [{"role": "system", "content": "Be brief."}]},
    ]
    assert changed() == plan.hash()
    assert len({plan.hash(), *(changed(**v) for v in variants)}) == 5
    assert make_plan([everything], Selection(repeats=1)).hash() != plan.hash()


def test_two_lines_that_ask_the_same_share_a_run() -> None:
    def key(**fields: Any) -> str:
        return short_hash(request(**fields).identity("data"))

    endpoint = Endpoint("http://127.0.0.1:8000/v1", "m")
    assert key() == key(concurrency=64, grade_deadline_s=3.0)
    assert key() == key(endpoint=endpoint.replace(name="mine", max_retries=0, stream=False, key_env="QWQ_API_KEY"))
    others: list[dict[str, Any]] = [
        {"limit": 5},
        {"seed": 1},
        {"repeats": 2},
        {"levels": [1]},
        {"subsets": ["Level 1"]},
        {"few_shot": 2},
        {"endpoint": endpoint.replace(model="other")},
        {"endpoint": endpoint.replace(sampling={"temperature": 1.0})},
        {"endpoint": endpoint.replace(request_seed=1)},
    ]
    assert len({key(), *(key(**other) for other in others)}) == len(others) + 1


def test_the_demo_endpoint_is_the_same_on_any_port() -> None:
    one, two = (Endpoint(f"http://127.0.0.1:{port}/v1", "m", name="demo") for port in (8001, 8002))
    assert request(endpoint=one).identity("x") == request(endpoint=two).identity("x")
