from pathlib import Path

import pytest

from features.config import BusinessConfig, nearest, parse_config, read_config
from features.errors import ConfigError

BUSINESS = {"currency": "GBP", "churn": "inactivity", "horizon_days": 91}
ORDERS = {"path": "orders.csv"}


def config_of(business=None, histories=None, **sections):
    raw = {
        "business": BUSINESS | (business or {}),
        "histories": {"orders": ORDERS} if histories is None else histories,
        **sections,
    }
    return parse_config(raw, home=Path())


def test_a_minimal_config_needs_only_currency_churn_horizon_and_one_history():
    config = config_of()
    assert config.business == BusinessConfig(currency="GBP", churn="inactivity", horizon_days=91)
    assert config.histories["orders"].path == "orders.csv"
    assert config.training.cutoffs == 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"business": {"horizon_day": 91}},
            r"unknown key 'horizon_day' in \[business\]; did you mean 'horizon_days'\?",
        ),
        (
            {"histories": {"order": ORDERS}},
            r"unknown key 'order' in \[histories\]; did you mean 'orders'\?",
        ),
        (
            {"histories": {"orders": ORDERS | {"column": {}}}},
            r"unknown key 'column' in \[histories.orders\]; did you mean 'columns'\?",
        ),
        (
            {"histories": {"orders": ORDERS | {"columns": {"amunt": "x"}}}},
            r"unknown key 'amunt' in columns of \[histories.orders\]; did you mean 'amount'\?",
        ),
        ({"buisness": {}}, r"unknown key 'buisness' in tenure.toml; did you mean 'business'\?"),
        ({"business": {"margin_rate": 2}}, r"margin_rate = 2 in \[business\]: should be less than"),
        ({"business": {"horizon_days": "91"}}, r"horizon_days = '91' in \[business\]: is not a"),
        ({"business": {"churn": "left"}}, r"churn = 'left' in \[business\]: should be"),
        ({"business": {"time_zone": "London"}}, r"'London' in \[business\]: is no IANA name"),
        ({"histories": {"tickets": {"path": "t.csv"}}}, "describes none of"),
        ({"histories": {"orders": {}}}, r"\[histories.orders\] needs either path or sql"),
        (
            {"histories": {"orders": {"path": "a", "sql": "b"}}},
            r"\[histories.orders\] needs either path or sql, and not both",
        ),
        ({"business": {"churn": "cancellation"}}, r"needs \[histories.subscriptions\]"),
        ({"histories": {"orders": "orders.csv"}}, r"must be a table, \[orders\]"),
        ({"histories": {"orders": ORDERS | {"static": ["a"]}}}, "only customers have static"),
    ],
)
def test_a_wrong_config_is_refused_with_what_where_and_what_to_do(wrong, message):
    with pytest.raises(ConfigError, match=message):
        config_of(**wrong)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("delimiter", "", "can't part cells; write the character between them"),
        ("delimiter", "abcde", "can't part cells; .*at most 4"),
        ("delimiter", "\n", "can't part cells"),
        ("delimiter", '"', "can't part cells"),
        ("time_format", "dd/mm/yyyy", "has no %; write .* such as '%d/%m/%Y'"),
        ("columns", ["cust"], r"is not a table; write it in braces, such as \{ amount = "),
        ("columns", {"amount": 3}, "is not text; write it in quotes"),
        ("static", "segment", "is not a list; write it in brackets"),
        ("where", True, "is not text; write it in quotes"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_in_the_words_of_toml(key, value, said):
    with pytest.raises(ConfigError, match=rf"^{key}.* in \[histories.orders\]: .*{said}"):
        config_of(histories={"orders": ORDERS | {key: value}})


@pytest.mark.parametrize("delimiter", [" ", "::", "\t", "\x01", "¦"])
def test_a_delimiter_may_be_any_character_or_several(delimiter):
    table = ORDERS | {"delimiter": delimiter}
    assert config_of(histories={"orders": table}).histories["orders"].delimiter == delimiter


def test_a_missing_key_is_named():
    raw = {"business": {"currency": "GBP", "churn": "inactivity"}, "histories": {"orders": ORDERS}}
    with pytest.raises(ConfigError, match=r"\[business\] lacks horizon_days; add it"):
        parse_config(raw, home=Path())


def test_a_missing_file_and_broken_toml_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no config at .*tenure\.toml"):
        read_config(tmp_path / "tenure.toml")
    (tmp_path / "tenure.toml").write_text("[business\n")
    with pytest.raises(ConfigError, match=r"is not valid TOML: .*line 1"):
        read_config(tmp_path / "tenure.toml")


def test_nearest_gives_nothing_where_nothing_is_close():
    assert nearest("zzzz", ["horizon_days"]) is None


@pytest.mark.parametrize(
    "customers",
    [
        {"static": ["cutoff_day"]},
        {"static": ["reason"]},
        {"static": ["texts"]},
        {"static": ["numbers"]},
        {"static": ["filled"]},
        {"static": ["days_since_signup"]},
        {"static": ["Texts"], "columns": {"Texts": "region"}},
        {"static": ["Customer_ID"], "columns": {"Customer_ID": "region"}},
        {"static": ["Region", "region"]},
    ],
)
def test_attributes_named_like_tenures_own_columns_are_refused(customers):
    histories = {"orders": ORDERS, "customers": {"path": "c.csv"} | customers}
    with pytest.raises(ConfigError, match="has a name that Tenure needs itself or that stands"):
        config_of(histories=histories)


def test_numbers_past_any_use_and_a_name_within_a_history_are_refused():
    with pytest.raises(ConfigError, match=r"step_days = 1000000000 in \[training\]"):
        config_of(training={"step_days": 1_000_000_000})
    with pytest.raises(ConfigError, match=r"unknown key 'name' in \[histories.orders\]"):
        config_of(histories={"orders": ORDERS | {"name": "usage"}})


def test_a_config_that_is_not_utf_8_says_how_to_save_it(tmp_path):
    (tmp_path / "tenure.toml").write_bytes("# Zürich\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"tenure\.toml is not UTF-8 .*; save it as UTF-8"):
        read_config(tmp_path / "tenure.toml")
