"""Auto-scaling of reserved capacity: what AWS' Application Auto Scaling is told, and what it says.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html

Reads and writes of a table and of each of its global indexes are scaled for themselves: a *target* is one of these,
with a least and a most, and a policy holds the part in use near so many percent. Local engines have none of this.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import botocore.session
from django.conf import settings

from .billing import MOST_UNITS
from .provision import ProvisionError, Status, ask

SERVICE = "Application Auto Scaling"
NAMESPACE = {"ServiceNamespace": "dynamodb"}
WAYS = ("Read", "Write")
# Within these AWS lets a target be, in percent.
LEAST_TARGET, MOST_TARGET = 20, 90


@dataclass(frozen=True, slots=True)
class Range:
    """How far capacity may be lowered and raised, and which percentage of it is to be in use."""

    least: int
    most: int
    target: int

    def __str__(self) -> str:
        return f"{self.least:,} to {self.most:,} units at {self.target} %"


def parse(least: int | None, most: int | None, target: int) -> Range:
    """The range that command line options mean; ValueError says why they mean none."""
    if least is None or most is None:
        raise ValueError("Auto-scaling needs --min and --max: the least and the most units of each table and index.")
    for what, units in (("--min", least), ("--max", most)):
        if not 1 <= units <= MOST_UNITS:
            raise ValueError(f"{what}: capacity is a number from 1 to {MOST_UNITS:,} units, not {units:,}.")
    if least > most:
        raise ValueError(f"--min {least:,} is more than --max {most:,}.")
    if not LEAST_TARGET <= target <= MOST_TARGET:
        raise ValueError(f"--target is a percentage from {LEAST_TARGET} to {MOST_TARGET}, not {target}.")
    return Range(least, most, target)


def is_there() -> bool:
    return not settings.DYNAMODB_ENDPOINT_URL


@dataclass(frozen=True, slots=True)
class Target:
    """Reads or writes of a table ("" for the index) or an index."""

    table: str
    index: str
    way: str

    @property
    def name(self) -> dict[str, str]:
        """How the service names it."""
        resource = f"table/{self.table}" + (f"/index/{self.index}" if self.index else "")
        kind = "index" if self.index else "table"
        return {"ResourceId": resource, "ScalableDimension": f"dynamodb:{kind}:{self.way}CapacityUnits"}


def targets(found: Status) -> Iterator[Target]:
    """What can be scaled of a table: local indexes use its capacity."""
    parts = ["", *(name for name, index in found.shape.indexes.items() if not index.local)]
    return (Target(found.shape.name, part, way) for part in parts for way in WAYS)


def ranges(found: Status) -> dict[Target, Range]:
    """What is scaled of a table, and how. Two calls; nothing on a local engine."""
    if not is_there():
        return {}
    wanted = {tuple(target.name.values()): target for target in targets(found)}
    resources = sorted({resource for resource, _ in wanted})
    limits = _call("DescribeScalableTargets", ResourceIds=resources)["ScalableTargets"]
    percent = {}
    for resource in resources:
        for policy in _call("DescribeScalingPolicies", ResourceId=resource)["ScalingPolicies"]:
            config = policy.get("TargetTrackingScalingPolicyConfiguration") or {}
            percent[resource, policy["ScalableDimension"]] = round(config.get("TargetValue", 0))
    keyed = {(limit["ResourceId"], limit["ScalableDimension"]): limit for limit in limits}
    return {
        target: Range(keyed[key]["MinCapacity"], keyed[key]["MaxCapacity"], percent.get(key, 0))
        for key, target in wanted.items()
        if key in keyed
    }


def put_range(target: Target, wanted: Range) -> None:
    """Scale this, from now on; whatever it was told before is replaced. Two calls."""
    _call("RegisterScalableTarget", **target.name, MinCapacity=wanted.least, MaxCapacity=wanted.most)
    kept_at = {"PredefinedMetricType": f"DynamoDB{target.way}CapacityUtilization"}
    _call(
        "PutScalingPolicy",
        PolicyName=f"{target.table}-{target.index or 'table'}-{target.way.lower()}",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": float(wanted.target),
            "PredefinedMetricSpecification": kept_at,
        },
        **target.name,
    )


def remove_range(target: Target) -> None:
    """Scale this no more; its policies and alarms go along."""
    _call("DeregisterScalableTarget", **target.name)


def _call(operation: str, **arguments: Any) -> dict[str, Any]:
    if not is_there():
        raise ProvisionError("Auto-scaling is a service of AWS' own, and this engine is a local one without it.")
    client = botocore.session.get_session().create_client("application-autoscaling", region_name=settings.AWS_REGION)
    return ask(client, SERVICE, operation, {**NAMESPACE, **arguments})
