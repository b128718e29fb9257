"""A JSON route refuses at registration what it would never pass to its function."""

import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from app.web.dependencies import ModelsDep, ServicesDep
from app.web.json_route import JsonRoute


class Body(BaseModel):
    model: str


def test_a_dependency_that_would_not_be_passed_is_refused() -> None:
    def count(body: Body, services: ServicesDep, models: ModelsDep) -> dict[str, int]:
        return {}

    router = APIRouter(route_class=JsonRoute)
    with pytest.raises(TypeError, match="count takes models; a JsonRoute passes body and services only"):
        router.add_api_route("/count", count, methods=["POST"])
