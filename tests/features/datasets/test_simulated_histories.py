from datetime import datetime, timedelta

import pytest

HISTORIES_WITH_TIMES = {
    "customers": ("signed_up_at",),
    "subscriptions": ("started_at", "ended_at"),
    "usage": ("occurred_at",),
    "tickets": ("opened_at", "first_response_at", "resolved_at"),
    "surveys": ("sent_at", "answered_at"),
    "orders": ("ordered_at", "refunded_at"),
    "mentions": ("posted_at",),
    "campaigns": ("assigned_at", "contacted_at"),
}

SUBSCRIBED = """
with lives as (
  select customer_id, min(started_at) as begins,
         max(coalesce(ended_at, timestamp '9999-01-01')) as ends
  from subscriptions group by customer_id)
"""

# the contract's law: active at a cutoff, in whole days
ACTIVE = """
  select distinct customer_id, cutoff from subscriptions, (select distinct cutoff from truth)
  where cast(started_at as date) < cutoff + {later}
    and (ended_at is null or cast(ended_at as date) >= cutoff + {later})
"""


def one(tables, sql):
    return tables.execute(sql).fetchone()


def none(tables, sql):
    return one(tables, f"select count(*) from ({sql})") == (0,)


@pytest.mark.parametrize("history", HISTORIES_WITH_TIMES)
def test_no_time_of_any_row_lies_at_or_after_the_end(tables, company, history):
    for column in HISTORIES_WITH_TIMES[history]:
        (latest,) = one(tables, f"select max({column}) from {history}")
        assert latest < datetime.combine(company.end, datetime.min.time())


def test_the_last_day_has_usage(tables, company):
    (latest,) = one(tables, "select cast(max(occurred_at) as date) from usage")
    assert latest == company.end - timedelta(days=1)


@pytest.mark.parametrize(
    ("history", "column"),
    [
        ("usage", "occurred_at"),
        ("tickets", "opened_at"),
        ("surveys", "sent_at"),
        ("surveys", "answered_at"),
        ("orders", "ordered_at"),
        ("mentions", "posted_at"),
        ("campaigns", "assigned_at"),
        ("campaigns", "contacted_at"),
    ],
)
def test_customers_act_only_while_subscribed(tables, history, column):
    assert none(
        tables,
        f"{SUBSCRIBED} select * from {history} left join lives using (customer_id) "
        f"where begins is null or {column} < begins or {column} >= ends",
    )


def test_everybody_is_a_customer_once(tables):
    assert none(tables, "select customer_id from customers group by 1 having count(*) > 1")
    for history in set(HISTORIES_WITH_TIMES) - {"customers"}:
        assert none(
            tables, f"select customer_id from {history} anti join customers using (customer_id)"
        )


def test_no_two_rows_of_a_history_are_equal(tables):
    for history in HISTORIES_WITH_TIMES:
        (rows,) = one(tables, f"select count(*) from {history}")
        assert one(tables, f"select count(*) from (select distinct * from {history})") == (rows,)


def test_a_customer_s_subscriptions_follow_each_other_without_gap(tables):
    ordered = """select *, lead(started_at) over (partition by customer_id order by started_at)
                 as following from subscriptions"""
    assert none(
        tables,
        f"select * from ({ordered}) where following is not null and following <> ended_at",
    )
    assert none(tables, "select * from subscriptions where ended_at <= started_at")


def test_an_annual_term_ends_when_it_renews_and_monthly_plans_never_renew(tables):
    assert none(
        tables,
        "select * from subscriptions where (plan like '%annual') <> (renews_at is not null)",
    )
    assert none(tables, "select * from subscriptions where ended_at <> renews_at")
    assert none(
        tables, "select * from subscriptions where renews_at <> started_at + interval 364 days"
    )
    (renewed,) = one(
        tables,
        """select count(*) from subscriptions as a join subscriptions as b
           on a.customer_id = b.customer_id and a.renews_at = b.started_at""",
    )
    assert renewed > 500


def test_plans_go_up_and_down(tables):
    plans = "['basic', 'standard', 'premium']"
    moves = f"""select list_position({plans}, split_part(b.plan, ' ', 1))
                     - list_position({plans}, split_part(a.plan, ' ', 1)) as move
                from subscriptions as a join subscriptions as b
                on a.customer_id = b.customer_id and a.ended_at = b.started_at"""
    up, down = one(tables, f"select count_if(move > 0), count_if(move < 0) from ({moves})")
    assert up > 50
    assert down > 50


def test_a_ticket_is_answered_then_resolved_and_some_are_open_at_the_end(tables):
    assert none(
        tables,
        "select * from tickets where first_response_at < opened_at "
        "or resolved_at < first_response_at or (resolved_at is not null "
        "and first_response_at is null)",
    )
    assert none(
        tables,
        "select * from tickets where (resolved_at is null) <> (contacts is null) "
        "or (resolved_at is null) <> (reopened is null) "
        "or (resolved_at is null) <> (handle_minutes is null)",
    )
    (unresolved,) = one(tables, "select count(*) from tickets where resolved_at is null")
    assert unresolved > 10


def test_survey_scores_lie_on_their_scales_and_silence_has_no_score(tables):
    lowest_highest = tables.execute(
        "select instrument, min(score), max(score) from surveys group by 1 order by 1"
    ).fetchall()
    assert lowest_highest == [
        ("ces", 1.0, 7.0),
        ("csat", 1.0, 5.0),
        ("ins", 1.0, 5.0),
        ("nps", 0.0, 10.0),
    ]
    assert none(tables, "select * from surveys where (answered_at is null) <> (score is null)")
    assert none(tables, "select * from surveys where sent_at is null or answered_at < sent_at")


def test_some_orders_are_refunded_or_corrected_on_their_own_day(tables):
    assert none(tables, "select * from orders where refunded_at <= ordered_at")
    assert none(
        tables,
        """select * from orders as back left join orders as bought
           on back.order_id = bought.order_id and bought.amount > 0
           where back.amount < 0 and (bought.order_id is null
             or cast(bought.ordered_at as date) <> cast(back.ordered_at as date)
             or back.ordered_at <= bought.ordered_at)""",
    )
    refunded, corrected = one(tables, "select count(refunded_at), count_if(amount < 0) from orders")
    assert refunded > 100
    assert corrected > 50


def test_campaign_controls_are_not_contacted_and_cost_nothing(tables):
    assert none(
        tables,
        "select * from campaigns where arm = 'control' and (contacted_at is not null or cost > 0)",
    )
    (share,) = one(tables, "select avg(cast(arm = 'treatment' as int)) from campaigns")
    assert 0.4 < share < 0.6


def test_new_customers_join_every_week(tables, company):
    joins = tables.execute(
        "select date_diff('day', cast(signed_up_at as date), cast(? as date)) // 7, count(*) "
        "from customers where cast(signed_up_at as date) >= cast(? as date) group by 1",
        [company.end - timedelta(days=1), company.end - timedelta(weeks=company.weeks)],
    ).fetchall()
    assert len(joins) == company.weeks
    assert min(count for _, count in joins) > 5


def test_truth_is_given_for_exactly_the_active_population(tables):
    active = ACTIVE.format(later=0)
    assert none(tables, f"select * from truth anti join ({active}) using (customer_id, cutoff)")
    assert none(tables, f"select * from ({active}) anti join truth using (customer_id, cutoff)")


def test_realised_churn_agrees_with_its_true_probability_in_every_fifth(tables, company):
    fifths = tables.execute(
        f"""
        with outcomes as (
          select churn_probability, stays.customer_id is null as churned,
                 ntile(5) over (order by churn_probability, customer_id) as fifth
          from truth left join ({ACTIVE.format(later=91)}) as stays using (customer_id, cutoff)
          where cutoff = ?)
        select count(*), avg(churn_probability), avg(cast(churned as int)),
               sqrt(sum(churn_probability * (1 - churn_probability))) / count(*)
        from outcomes group by fifth order by fifth""",
        [company.end - timedelta(weeks=13)],
    ).fetchall()
    assert len(fifths) == 5
    for _, expected, churned, error in fifths:
        assert churned == pytest.approx(expected, abs=4 * error + 1e-9)


def test_realised_value_agrees_with_its_true_expectation(tables, company):
    cutoff = company.end - timedelta(weeks=52)
    discount = f"pow(1.1, -(day - date '{cutoff}') / 365.0)"
    days = (
        f"range(timestamp '{cutoff}', timestamp '{cutoff + timedelta(days=364)}', interval 1 day)"
    )
    mean, expected, error = one(
        tables,
        f"""
        with days as (select cast(unnest({days}) as date) as day),
        flows as (
          select customer_id, monthly_amount * 12 / 365.25 * {discount} as flow
          from subscriptions join days on day >= cast(started_at as date)
           and (ended_at is null or day < cast(ended_at as date))
          union all
          select customer_id, amount * {discount} from orders
          join days on day = cast(ordered_at as date) where refunded_at is null),
        values as (select customer_id, 0.7 * sum(flow) as realised from flows group by 1)
        select avg(coalesce(realised, 0)), avg(expected_value),
               stddev(coalesce(realised, 0) - expected_value) / sqrt(count(*))
        from truth left join values using (customer_id) where cutoff = date '{cutoff}'""",
    )
    assert mean == pytest.approx(expected, abs=4 * error)
    assert error < 0.03 * expected


def test_quiet_precedes_leaving(tables, company):
    cutoff = company.end - timedelta(weeks=13)
    quiet, lively = (
        one(
            tables,
            f"""
            with recent as (select customer_id, count(*) as uses from usage
              where occurred_at >= date '{cutoff}' - 28 and occurred_at < date '{cutoff}'
              group by 1)
            select avg(churn_probability) from truth left join recent using (customer_id)
            where cutoff = date '{cutoff}' and {condition}""",
        )[0]
        for condition in ("coalesce(uses, 0) <= 1", "uses >= 5")
    )
    assert quiet > 2 * lively


def test_noise_columns_carry_no_signal(tables, company):
    for column in ("country", "age_band", "device", "newsletter", "household_size > 2"):
        spread, error = one(
            tables,
            f"""
            with groups as (
              select avg(churn_probability) as p,
                     stddev(churn_probability) / sqrt(count(*)) as se
              from truth join customers using (customer_id)
              where cutoff = date '{company.end}' group by {column})
            select max(p) - min(p), max(se) from groups""",
        )
        assert spread < 6 * error
