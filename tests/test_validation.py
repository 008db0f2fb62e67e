"""The checks of user input: what they return, and the one form of their messages."""

from fractions import Fraction

import numpy as np
import pytest

from rzqiskit import validation as v


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int16(2), np.float64(2), Fraction(2)])
def test_real_numbers_become_floats(value):
    for check in (v.check_finite, v.check_positive, v.check_non_negative):
        cleaned = check("width", value)
        assert cleaned == 2.0
        assert type(cleaned) is float


@pytest.mark.parametrize("check", [v.check_finite, v.check_positive, v.check_non_negative])
@pytest.mark.parametrize("value", [True, np.False_, "2", b"2", None, 2j, [2.0], np.array(2.0)])
def test_what_is_no_real_number(check, value):
    with pytest.raises(TypeError, match=r"^`width` must be a real number, got .*\.$"):
        check("width", value)


@pytest.mark.parametrize("check", [v.check_finite, v.check_positive, v.check_non_negative])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("nan"), "nan"),
        (np.float32("inf"), "inf"),
        (-np.inf, "-inf"),
        (10**400, "inf"),
        (-(10**400), "-inf"),
        (Fraction(-(10**400)), "-inf"),
    ],
)
def test_what_is_not_finite(check, value, shown):
    with pytest.raises(ValueError, match=rf"^`width` must be finite, got {shown}\.$"):
        check("width", value)


def test_signs():
    assert v.check_finite("width", -1.5) == -1.5
    assert v.check_non_negative("width", 0) == 0.0
    assert v.check_positive("width", 5e-324) == 5e-324
    for bad in (0.0, -1.0):
        with pytest.raises(ValueError, match=rf"^`width` must be positive, got {bad}\.$"):
            v.check_positive("width", bad)
    with pytest.raises(ValueError, match=r"^`width` must not be negative, got -5e-324\.$"):
        v.check_non_negative("width", -5e-324)


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3)])
def test_integers_become_int(value):
    cleaned = v.check_positive_integer("num_steps", value)
    assert cleaned == 3
    assert type(cleaned) is int


@pytest.mark.parametrize("value", [True, np.True_, 3.0, np.float64(3), "3", None, [3]])
def test_what_is_no_integer(value):
    with pytest.raises(TypeError, match=r"^`num_steps` must be an integer, got .*\.$"):
        v.check_positive_integer("num_steps", value)


@pytest.mark.parametrize(
    ("minimum", "kind"),
    [
        (0, "a non-negative integer"),
        (1, "a positive integer"),
        (2, "an integer of at least 2"),
    ],
)
def test_integers_below_the_minimum(minimum, kind):
    assert v.check_integer("num_steps", minimum, minimum=minimum) == minimum
    bad = minimum - 1
    with pytest.raises(ValueError, match=rf"^`num_steps` must be {kind}, got {bad}\.$"):
        v.check_integer("num_steps", bad, minimum=minimum)


def test_integers_above_the_maximum():
    assert v.check_integer("order", 6, minimum=1, maximum=6) == 6
    with pytest.raises(ValueError, match=r"^`order` must be at most 6, got 7\.$"):
        v.check_integer("order", 7, minimum=1, maximum=6)


@pytest.mark.parametrize("sign", [1, -1])
def test_integers_too_long_to_be_written_out(sign):
    with pytest.raises(ValueError, match=r"^`order` must be .*, got an integer of 20001 bits\.$"):
        v.check_integer("order", sign * 2**20_000, minimum=1, maximum=6)


@pytest.mark.parametrize("value", [1, 0, "no", None, [True]])
def test_what_is_no_flag(value):
    with pytest.raises(TypeError, match=r"`strict` must be True or False, got "):
        v.check_flag("strict", value)


def test_flags():
    assert v.check_flag("strict", np.False_) is False
    assert v.check_flag("strict", True) is True


def test_choice():
    assert v.check_choice("basis", "y", ("x", "y", "z")) == "y"
    assert v.check_choice("basis", np.str_("y"), ("x", "y", "z")) == "y"
    for bad in ("w", "Y", "", None, 1, ["y"]):
        with pytest.raises(ValueError, match=r"^`basis` must be one of 'x', 'y', got .*\.$"):
            v.check_choice("basis", bad, ("x", "y"))


def test_long_values_are_cut_in_messages():
    with pytest.raises(TypeError, match=r"got 'a{56}\.\.\.\.$"):
        v.check_finite("width", "a" * 1000)


@pytest.mark.parametrize("values", [[0, 1, 2], (0.0, 1.0, 2.0), range(3), np.arange(3, dtype="f4")])
def test_times_become_a_new_float_array(values):
    times = v.check_times(values)
    np.testing.assert_array_equal(times, [0.0, 1.0, 2.0])
    assert times.dtype == np.float64
    given = np.array([0.0, 1.0])
    assert not np.shares_memory(v.check_times(given), given)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([], r"^`times` must be one-dimensional and not empty, got shape \(0,\)\.$"),
        (0.5, r"^`times` must be one-dimensional and not empty, got shape \(\)\.$"),
        ([[0.0, 1.0]], r"^`times` must be one-dimensional and not empty, got shape \(1, 2\)\.$"),
        ([0.0, np.nan], r"^`times` must be finite, got nan\.$"),
        ([0.0, np.inf], r"^`times` must be finite, got inf\.$"),
        ([0, 2, 1], r"^`times` must be strictly increasing, got 2 followed by 1 at index 2\.$"),
        ([0, 1, 1], r"^`times` must be strictly increasing, got 1 followed by 1 at index 2\.$"),
        ([-0.5, 1], r"^`times` must not be below 0, got -0\.5\.$"),
    ],
)
def test_bad_times(times, message):
    with pytest.raises(ValueError, match=message):
        v.check_times(times)


@pytest.mark.parametrize(
    "times",
    [
        ["0", "1"],
        "01",
        [0.0, 1j],
        np.array([0j, 1j]),
        [False, True],
        None,
        [0.0, None],
        [[0.0], [1.0, 2.0]],
        np.array(["2026-01-01"], dtype="datetime64[s]"),
    ],
)
def test_times_of_another_kind(times):
    with pytest.raises(TypeError, match=r"^`stops` must be an array of real numbers, got .*\.$"):
        v.check_times(times, name="stops")


def test_minimum_of_times():
    assert v.check_times([-3.0], minimum=None).tolist() == [-3.0]
    assert v.check_times([2.0], minimum=2.0).tolist() == [2.0]
    with pytest.raises(ValueError, match=r"^`times` must not be below 2, got 1\.$"):
        v.check_times([1.0], minimum=2.0)


def test_real_array_keeps_its_shape():
    array = v.check_real_array("values", [[1, 2], [3, 4]])
    np.testing.assert_array_equal(array, [[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match=r"^`values` must be finite, got -inf\.$"):
        v.check_real_array("values", [[1.0, -np.inf]])


def test_real_arrays_may_hold_infinities_on_demand():
    allowed = v.check_real_array("stops", [-np.inf, 1], allow_infinite=True)
    assert allowed.tolist() == [-np.inf, 1.0]
    with pytest.raises(ValueError, match=r"^`stops` must not be NaN\.$"):
        v.check_real_array("stops", [np.inf, np.nan], allow_infinite=True)
    with pytest.raises(ValueError, match=r"^`stops` must be finite, got inf\.$"):
        v.check_real_array("stops", [np.inf])


def test_masked_numbers_do_not_count():
    with pytest.raises(ValueError, match="`times` must not be masked"):
        v.check_times(np.ma.masked_array([0.1, 0.2], mask=[False, True]))
    assert v.check_times(np.ma.masked_array([0.1, 0.2])).tolist() == [0.1, 0.2]


def test_seeds():
    assert v.check_seed(5).random() == np.random.default_rng(5).random()
    assert v.check_seed(np.int64(5)).random() == np.random.default_rng(5).random()
    generator = np.random.default_rng(1)
    assert v.check_seed(generator) is generator
    # Two draws of entropy agree with probability 2^-53.
    assert v.check_seed(None).random() != v.check_seed(None).random()
    with pytest.raises(ValueError, match=r"^`seed` must be a non-negative integer, got -1\.$"):
        v.check_seed(-1)
    for bad in (True, 1.0, "1", [1]):
        with pytest.raises(TypeError, match=r"^`seed` must be an integer, got .*\.$"):
            v.check_seed(bad)
