"""The Kubernetes Deployment of a serve command, for `kubectl apply -f`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.commands import reader_of
from bot.questions import release
from bot.serve_command import Asked, Serve, serve
from formulas.deployment import Deployment

SPEC = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  replicas: 1
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      containers:
        - name: {engine}
          image: {image}
          command: {command}
          args:
{args}{env}
          ports:
            - containerPort: {port}
          readinessProbe:
            httpGet: {{path: /health, port: {port}}}
            failureThreshold: 120
          resources:
            limits:
              {resource}: "{count}"
          volumeMounts:
            - {{name: shm, mountPath: /dev/shm}}
      volumes:
        - name: shm
          emptyDir: {{medium: Memory}}
"""
"""Ranks of one server talk through /dev/shm, of which a container has 64 MB by itself."""
RESOURCES = {"NVIDIA": "nvidia.com/gpu", "AMD": "amd.com/gpu"}
CARDS_SEEN = "_VISIBLE_DEVICES"
LONGEST_NAME = 50
"""Below the 63 characters of a DNS label (RFC 1123), with room for the suffixes that pods get."""


def k8s_deployment(deployment: Deployment, asked: Asked) -> str | None:
    """The specification as YAML; None where there is no command, or its GPUs are not in one node."""
    reader, found = reader_of(deployment.engine), serve(deployment, asked)
    count, resource = deployment.layout.gpu_count, RESOURCES.get(deployment.gpu.vendor, RESOURCES["NVIDIA"])
    if reader is None or found is None or deployment.gpu.vendor == "Apple" or count > deployment.gpu.max_per_node:
        return None
    table = reader.table.serve
    return SPEC.format(
        name=_name(deployment.model.id),
        engine=re.sub(r"\W", "-", deployment.engine),
        image=table["image"].format(version=release(deployment.engine_version)),
        port=table["port"],
        resource=resource,
        count=count,
        **_arguments(found, table),
    )


def _arguments(found: Serve, table: Mapping[str, Any]) -> dict[str, str]:
    """command and args: words as they are, a script where an options file is to be written first."""
    words = (*found.words, *table["reachable"].split())
    if not found.options:
        args = "\n".join(f"{LIST}- {json.dumps(word)}" for word in words)
        return {"command": json.dumps(found.head), "args": args, "env": _environment(found)}
    script = Serve(found.head, words, options=found.options).text
    lines = [f"{LIST}- |", *(f"{LIST}  {line}" for line in script.split("\n"))]
    return {"command": json.dumps(["bash", "-c"]), "args": "\n".join(lines), "env": ""}


def _environment(found: Serve) -> str:
    """Variables of the command; which cards a pod sees is Kubernetes' to say."""
    pairs = [variable.split("=", 1) for variable in found.env if not variable.partition("=")[0].endswith(CARDS_SEEN)]
    lines = (f"\n{LIST}- {{name: {name}, value: {json.dumps(value)}}}" for name, value in pairs)
    return "".join(("\n          env:", *lines)) if pairs else ""


LIST = " " * 12


def _name(model: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", model.rsplit("/", 1)[-1].lower())[:LONGEST_NAME].strip("-")
