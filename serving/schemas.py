"""What goes over the wire? Requests and replies, with the unit of every number."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_CUSTOMERS = 1_000
"""How many customers one request may ask for."""
MAX_ROWS = 50_000
"""How many rows of one customer a request may hold."""


class ScoreRequest(BaseModel):
    """Which customers to score."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,  # customer ids stay out of logs
        json_schema_extra={"examples": [{"customer_ids": ["C0000042", "C0000043"]}]},
    )

    customer_ids: Annotated[
        list[Annotated[str, StringConstraints(min_length=1)]],
        Field(
            min_length=1,
            max_length=MAX_CUSTOMERS,
            description=f"1 to {MAX_CUSTOMERS:,} customer ids, as text, as in your own tables.",
        ),
    ]


class Score(BaseModel):
    """One customer's score: will they leave, what are they worth, what is at risk."""

    customer_id: str = Field(description="The id as in your own tables.")
    churn_probability: float | None = Field(
        description="Probability, from 0 to 1, that the customer leaves within `horizon_days` of"
        " the cutoff; calibrated. Null where no churn model could be trained."
    )
    horizon_days: int | None = Field(
        description="The period, in days from the cutoff, that churn_probability speaks of."
    )
    expected_value: float | None = Field(
        description="Discounted margin, in units of `currency`, expected over `value_horizon_days`"
        " from the cutoff. Null where no value model could be trained."
    )
    value_horizon_days: int | None = Field(
        description="The period, in days from the cutoff, that expected_value speaks of."
    )
    currency: str | None = Field(description="Three-letter code of the currency of the values.")
    value_at_risk: float | None = Field(
        description="churn_probability times expected_value, in units of `currency`."
    )
    risk_band: Literal["low", "medium", "high"] | None = Field(
        description="churn_probability in three bands."
    )
    reasons: str | None = Field(
        description="Up to three things that speak for leaving, strongest first, joined by '; '."
    )
    cutoff: str = Field(
        description="ISO date: the score knows what was known before this local midnight."
    )
    churn_model_version: str | None = Field(description="Version of the churn model.")
    value_model_version: str | None = Field(description="Version of the lifetime-value model.")


class ServedSnapshot(BaseModel):
    """Where the scores come from: equal ids mean equal scores."""

    id: str = Field(description="Id of the published snapshot.")
    cutoff: str = Field(
        description="ISO date: the scores know what was known before this local midnight."
    )
    churn_model_version: str | None = Field(description="Version of the churn model.")
    value_model_version: str | None = Field(description="Version of the lifetime-value model.")


class ScoreReply(BaseModel):
    """The scores of the customers asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "scores": [
                        {
                            "customer_id": "C0000042",
                            "churn_probability": 0.3175209760393578,
                            "horizon_days": 91,
                            "expected_value": 235.93641365305343,
                            "value_horizon_days": 364,
                            "currency": "GBP",
                            "value_at_risk": 74.91475971130123,
                            "risk_band": "high",
                            "reasons": "usage fell by half; two open tickets",
                            "cutoff": "2024-06-01",
                            "churn_model_version": "12",
                            "value_model_version": "7",
                        }
                    ],
                    "unknown": ["C0000043"],
                    "snapshot": {
                        "id": "2024-06-01-3950eb2f21f0",
                        "cutoff": "2024-06-01",
                        "churn_model_version": "12",
                        "value_model_version": "7",
                    },
                }
            ]
        }
    )

    scores: list[Score] = Field(
        description="One per known customer, in the order asked for; a customer named twice is"
        " answered once, where first named."
    )
    unknown: list[str] = Field(
        description="The ids that have no score, in the order asked for, each once: never seen, or"
        " no customer any more at the cutoff."
    )
    snapshot: ServedSnapshot


Cell = str | int | Annotated[float, Field(allow_inf_nan=False)] | bool | None


class HistoryRequest(BaseModel):
    """The raw rows of one customer, who may be in no table."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {
                    "histories": {
                        "subscriptions": [
                            {"started_at": "2023-11-05", "plan": "basic", "monthly_amount": 9.9}
                        ],
                        "usage": [{"occurred_at": "2024-05-01T10:00:00Z", "event": "login"}],
                    }
                }
            ]
        },
    )

    histories: dict[str, list[dict[str, Cell]]] = Field(
        description="History -> its rows, with Tenure's own names of histories and columns and"
        " without customer_id. Times are ISO 8601, with an offset from UTC or else in the time"
        " zone of the business; known_at may say when a row became known. At most"
        f" {MAX_ROWS:,} rows in all."
    )
    cutoff: str | None = Field(
        default=None,
        description="ISO date: the score knows what was known before this local midnight. Without"
        " it, the cutoff of the snapshot being served.",
        examples=["2024-06-01"],
    )
    duplicates: Literal["drop", "keep"] | None = Field(
        default=None,
        description="What happens to rows that are equal in every column. Without it, what"
        " tenure.toml says of the history: usually only one of them counts.",
    )
    features: bool = Field(default=False, description="Whether to tell the features, too.")
    reasons: bool = Field(default=False, description="Whether to tell reasons, too.")


class HistoryScore(BaseModel):
    """The score of a customer whose rows were supplied."""

    churn_probability: float = Field(
        description="Probability, from 0 to 1, that the customer leaves within `horizon_days` of"
        " the cutoff; calibrated."
    )
    horizon_days: int = Field(
        description="The period, in days from the cutoff, that churn_probability speaks of."
    )
    expected_value: float | None = Field(
        description="Discounted margin, in units of `currency`, expected over `value_horizon_days`"
        " from the cutoff. Null where no value model could be trained, or a running subscription"
        " has no amount."
    )
    value_horizon_days: int = Field(
        description="The period, in days from the cutoff, that expected_value speaks of."
    )
    currency: str = Field(description="Three-letter code of the currency of the values.")
    value_at_risk: float | None = Field(
        description="churn_probability times expected_value, in units of `currency`."
    )
    risk_band: Literal["low", "medium", "high"] = Field(
        description="churn_probability in three bands."
    )
    reasons: str | None = Field(
        description="Up to three things that speak for leaving, strongest first, joined by '; '."
        " Null unless asked for."
    )
    cutoff: str = Field(
        description="ISO date: the score knows what was known before this local midnight."
    )
    churn_model_version: str | None = Field(description="Version of the churn model.")
    value_model_version: str | None = Field(description="Version of the lifetime-value model.")


class HistoryReply(BaseModel):
    """The score of the supplied rows."""

    score: HistoryScore
    features: dict[str, float | str | None] | None = Field(
        description="What the churn model saw, by the names of the feature catalogue, in its"
        " units. Null unless asked for."
    )
    copies: dict[str, int] = Field(
        description="History -> rows left out because they equal another one in every column;"
        " only histories that have some."
    )
    snapshot: ServedSnapshot


class Problem(BaseModel):
    """What was wrong with a request."""

    status: int = Field(description="The HTTP status again.", examples=[422])
    code: str = Field(
        description="A word to branch on; it stays as it is.", examples=["invalid_request"]
    )
    message: str = Field(
        description="What was wrong and what to do, for a person.",
        examples=["customer_ids has 1,001 items (1 to 1,000 allowed); ask in several requests"],
    )


class ErrorReply(BaseModel):
    """The one shape of every error."""

    error: Problem
