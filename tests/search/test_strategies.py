"""Strategies and constraints as values, and how they are read from outside."""

import json
import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.errors import InputError, SettingError
from latimer.search.constraints import Constraints, LengthConstraints
from latimer.search.normalise import NORMALISATIONS
from latimer.search.reading import read_constraints, read_search
from latimer.search.stopping import STOPS
from latimer.search.strategies import (
    STRATEGIES,
    Beam,
    DiverseBeam,
    Exact,
    MinimumBayesRisk,
    Normalisation,
    Sampling,
    Stop,
)


@pytest.mark.parametrize(
    ("strategy", "settings", "field", "reason"),
    [
        (Beam, {"width": 0}, "width", "at least 1 and at most 4,000"),
        (Beam, {"width": 4001}, "width", "at most 4,000"),
        (Beam, {"width": True}, "width", "a whole number"),
        (Beam, {"width": "5"}, "width", "a whole number"),
        (Beam, {"nbest": 6}, "nbest", "at most the width of the beam, 5"),
        (Beam, {"nbest": 0}, "nbest", "at least 1"),
        (Beam, {"alpha": math.nan}, "alpha", "a number, at least 0 and at most 10"),
        (Beam, {"alpha": math.inf}, "alpha", "a number"),
        (Beam, {"alpha": -0.1}, "alpha", "at least 0"),
        (Beam, {"normalisation": "length"}, "normalisation", "one of power, gnmt, none"),
        (Beam, {"stop": "saef"}, "stop", "did you mean safe? allowed: one of safe, near"),
        (Beam, {"coverage_penalty": 11}, "coverage_penalty", "at most 10"),
        (Beam, {"coverage_penalty": math.nan}, "coverage_penalty", "a number"),
        (Beam, {"widht": 3}, "widht", "did you mean width?"),
        (DiverseBeam, {"width": 4, "groups": 3}, "groups", "a beam of 4 has no 3 equal groups"),
        (DiverseBeam, {"width": 4, "groups": 8}, "groups", "a beam of 4 has no 8 equal groups"),
        (DiverseBeam, {"groups": 0}, "groups", "at least 1, or null"),
        (DiverseBeam, {"diversity": -1.0}, "diversity", "at least 0 and at most 1,000"),
        (DiverseBeam, {"nbest": 6}, "nbest", "at most the width"),
        (Sampling, {"samples": 0}, "samples", "at least 1 and at most 4,000"),
        (Sampling, {"temperature": 0.0}, "temperature", "at least 0.001"),
        (Sampling, {"top_k": 0}, "top_k", "at least 1"),
        (Sampling, {"top_p": 0.0}, "top_p", "more than 0 and at most 1"),
        (Sampling, {"seed": -1}, "seed", "at least 0"),
        (MinimumBayesRisk, {"samples": 4001}, "samples", "at most 4,000"),
        (Exact, {"budget": 0}, "budget", "at least 1"),
        (Constraints, {"min_length": 3, "max_length": 3}, "min_length", "fit into max_length 3"),
        (Constraints, {"max_length": 5001}, "max_length", "at most 5,000"),
        (Constraints, {"no_repeat": 0}, "no_repeat", "at least 1"),
        (Constraints, {"phrases": "one text"}, "phrases", "a list of texts"),
        (Constraints, {"glossary": 3}, "glossary", "source terms to target terms"),
    ],
)
def test_what_cannot_be_is_refused_with_field_value_and_reason(strategy, settings, field, reason):
    with pytest.raises(SettingError) as refused:
        strategy(**settings)
    error = refused.value
    assert error.field == field
    assert error.value is settings[field]
    assert reason in error.reason
    assert str(error) == f"{field} is {_written(settings[field])}; {error.reason}"


def _written(value):
    return "true" if value is True else repr(value)


def test_names_are_those_of_the_functions():
    assert get_args(Normalisation) == tuple(NORMALISATIONS)
    assert get_args(Stop) == tuple(STOPS)


def test_values_are_values():
    assert Beam(5) == Beam(width=5)
    assert hash(Beam(5)) == hash(Beam(5))
    assert Beam(5) != DiverseBeam(5)
    assert Beam(5).replace(alpha=0.5) == Beam(5, 0.5)
    assert DiverseBeam(6, groups=3).outputs == 1
    assert Sampling(7).outputs == 7
    with pytest.raises(SettingError, match="nbest is 4; at most the width of the beam, 3"):
        Beam(5, nbest=4).replace(width=3)
    with pytest.raises(TypeError, match="each of width"):
        Beam(5, width=5)
    with pytest.raises(Exception, match="frozen"):
        Beam(5).width = 3


STORED = Beam(3, 0.2, "gnmt", coverage_penalty=0.3)


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, STORED),
        ({"width": 1, "coverage_penalty": 0.0}, Beam(1, 0.2, "gnmt")),
        ({"normalisation": "gnmt"}, STORED),
        ({"normalisation": "power"}, Beam(3, 1.0, "power", coverage_penalty=0.3)),
        ({"normalisation": "power", "alpha": 0.7}, Beam(3, 0.7, coverage_penalty=0.3)),
        ({"kind": "beam", "nbest": 2}, Beam(3, 0.2, "gnmt", 2, coverage_penalty=0.3)),
        ({"kind": "diverse"}, DiverseBeam(3, 0.2, "gnmt", coverage_penalty=0.3)),
        ({"kind": "exact"}, Exact(3, 0.2, "gnmt")),
        ({"kind": "exact", "normalisation": "none"}, Exact(3, 1.0, "none")),
        ({"kind": "sampling", "samples": 4}, Sampling(4)),
        ({"kind": "mbr", "utility": "chrf"}, MinimumBayesRisk(utility="chrf")),
    ],
)
def test_what_is_not_given_is_that_of_the_base(settings, wanted):
    assert read_search(settings, STORED) == wanted
    assert read_search(json.loads(json.dumps(settings)), STORED) == wanted


@pytest.mark.parametrize(
    ("settings", "field", "reason"),
    [
        ({"kind": "bem"}, "search.kind", "did you mean beam? allowed: one of beam, diverse"),
        ({"kind": 3}, "search.kind", "allowed: one of"),
        ({"kind": "sampling", "stop": "safe"}, "search.stop", "it belongs to beam, diverse"),
        ({"samples": 3}, "search.samples", "search.kind beam has no such setting"),
        ({"widht": 3}, "search.widht", "did you mean width?"),
        ({"width": 0}, "search.width", "a whole number"),
        ({"kind": "diverse", "width": 5, "groups": 2}, "search.groups", "no 2 equal groups"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_section(settings, field, reason):
    with pytest.raises(SettingError) as refused:
        read_search(settings)
    assert refused.value.field == field
    assert reason in refused.value.reason
    assert refused.value.value == settings[field.removeprefix("search.")]


@given(data=st.data(), kind=st.sampled_from(sorted(STRATEGIES)))
def test_every_search_is_read_from_what_it_writes(data, kind):
    search = STRATEGIES[kind]()
    if "width" in type(search).model_fields:
        search = search.replace(width=data.draw(st.integers(1, 4000)))
        further = "alpha" if "alpha" in type(search).model_fields else "threshold"
        search = search.replace(**{further: data.draw(st.floats(0.5, 10))})
    else:
        search = search.replace(samples=data.draw(st.integers(1, 4000)))
        search = search.replace(top_p=data.draw(st.none() | st.floats(0.01, 1)))
    plain = json.loads(json.dumps(search.model_dump(mode="json")))
    assert read_search(plain) == search
    assert read_search(plain, STORED) == search


def test_constraints_are_completed_by_a_models():
    own = LengthConstraints(min_length=2, max_length=9)
    assert Constraints().completed(own) == Constraints(min_length=2, max_length=9)
    given_some = Constraints(max_length=20, prefix="Ein")
    assert given_some.completed(own) == Constraints(min_length=2, max_length=20, prefix="Ein")
    with pytest.raises(SettingError, match="min_length is 2; it does not fit into max_length 2"):
        Constraints(max_length=2).completed(own)


def test_constraints_are_read():
    found = read_constraints({"phrases": ["auf der Bank"], "glossary": {"bank": "Ufer"}})
    assert found.phrases == ("auf der Bank",)
    assert [term.target for term in found.glossary.find("the bank")] == ["Ufer"]
    assert read_constraints({}) == Constraints()
    with pytest.raises(SettingError) as refused:
        read_constraints({"max_lenght": 3})
    assert refused.value.field == "constraints.max_lenght"
    assert "did you mean max_length?" in refused.value.reason
    with pytest.raises(InputError, match=r"glossary\['a'\]: a term of source and of target"):
        read_constraints({"glossary": {"a": ""}})
