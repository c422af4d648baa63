"""How does a program learn to talk to us? The OpenAPI document, and a page that shows it.

BentoML writes both too. Its document knows neither our errors nor our keys, and its page loads a
tracker from elsewhere, so these take their place.
"""

from typing import Any

from pydantic.json_schema import models_json_schema

from serving.schemas import (
    ErrorReply,
    HistoryReply,
    HistoryRequest,
    ScoreReply,
    ScoreRequest,
)

VERSION = "1.0.0"
"""Of the interface: the first number changes when a caller must change."""


def document() -> dict[str, Any]:
    """Describe every address as an OpenAPI 3.1 document."""
    _, schemas = models_json_schema(
        [
            *((model, "validation") for model in (ScoreRequest, HistoryRequest)),
            *((model, "serialization") for model in (ScoreReply, HistoryReply, ErrorReply)),
        ],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tenure", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": "."}],
        "paths": {
            "/v1/score": {"post": _SCORE},
            "/v1/score-history": {"post": _SCORE_HISTORY},
            "/readyz": {"get": _health("Are scores loaded?", "Scores are loaded.", red=True)},
            "/livez": {"get": _health("Is the process alive?", "It is.", red=False)},
        },
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _health(question: str, yes: str, *, red: bool) -> dict[str, Any]:
    responses = {"200": {"description": yes}}
    if red:
        responses["503"] = _error("Not yet, or no longer.")
    return {"summary": question, "tags": ["health"], "responses": responses}


def _error(description: str) -> dict[str, Any]:
    return {"description": description, "content": _content("ErrorReply")}


def _content(model: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}}


_ABOUT = (
    "Churn and lifetime-value scores of customers, made ahead and looked up here, or made here from"
    " the rows of one customer. Make a key with `tenure key create`."
)

_SCORE: dict[str, Any] = {
    "summary": "Score customers",
    "description": "Look up the scores of up to 1,000 customers in the snapshot being served.",
    "operationId": "score",
    "tags": ["scores"],
    "security": [{"bearer": []}, {"header": []}],
    "requestBody": {"required": True, "content": _content("ScoreRequest")},
    "responses": {
        "200": {"description": "The scores.", "content": _content("ScoreReply")},
        "400": _error("The body is not JSON."),
        "401": _error("No key, or one that is not ours."),
        "413": _error("The body is larger than 1 MiB."),
        "422": _error("The body is JSON, but not a request for 1 to 1,000 customers."),
        "503": _error("No scores are loaded yet."),
    },
}

_SCORE_HISTORY: dict[str, Any] = {
    "summary": "Score the rows of one customer",
    "description": "Make the score of a customer from raw rows, as the exported scores are made:"
    " by the same features and the same models. The customer may be in no table.",
    "operationId": "score_history",
    "tags": ["scores"],
    "security": [{"bearer": []}, {"header": []}],
    "requestBody": {"required": True, "content": _content("HistoryRequest")},
    "responses": {
        "200": {"description": "The score.", "content": _content("HistoryReply")},
        "400": _error("The body is not JSON."),
        "401": _error("No key, or one that is not ours."),
        "413": _error("The body is larger than 8 MiB, or holds more than 50,000 rows."),
        "422": _error(
            "The body is JSON, but not a request; or a row breaks a rule, and the message names the"
            " history, the row and the rule; or the customer can't leave any more at the cutoff."
        ),
        "429": _error("Too many at once; Retry-After says for how many seconds to wait."),
        "503": _error("No scores are loaded yet, or the snapshot was published without this."),
    },
}

PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Tenure</title>
    <link rel="stylesheet" href="./static_content/swagger-ui.css">
    <link rel="stylesheet" href="./static_content/index.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="./static_content/swagger-ui-bundle.js"></script>
    <script src="./static_content/swagger-ui-standalone-preset.js"></script>
    <script src="./static_content/swagger-initializer.js"></script>
  </body>
</html>
"""
"""Swagger UI, served by this process alone."""
