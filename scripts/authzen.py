#!/usr/bin/env python3
"""Clients of the AuthZEN Authorization API that others wrote (PyPI: decern, apparitor), for tests: each asks every question, and tells what it understood.

    authzen.py BASE ASKED

ASKED is JSON: token, and questions: a list of subject, action and resource. What came of it is told on standard output, as JSON. The clients come in pinned
versions (scripts/authzen.txt) into target/authzen, at the first run."""

import asyncio
import json
import os
import sys
from pathlib import Path

from pinned import installed


def main():
    program = installed("authzen", "python")
    if Path(sys.executable) != program:
        os.execv(program, [program, __file__, *sys.argv[1:]])
    base, asked = sys.argv[1], json.loads(sys.argv[2])
    told = {"decern": by_decern(base, **asked), "apparitor": asyncio.run(by_apparitor(base, **asked))}
    print(json.dumps(told), flush=True)


def by_decern(base, token, questions):
    from decern import Client, DecernError

    client = Client(base, timeout=30, token=token)
    answers = [client.evaluate(**question) for question in questions]
    try:
        Client(base, timeout=30, token="nobody's").evaluate(**questions[0])
        refused = None
    except DecernError as error:
        refused = error.status_code
    return {"allowed": [answer.allowed for answer in answers], "contexts": [answer.context for answer in answers], "refused": refused}


async def by_apparitor(base, token, questions):
    from apparitor.client import AuthZENClient
    from apparitor.config import ScannerConfig
    from apparitor.errors import AuthZENError
    from apparitor.models import BatchEvaluationRequest, EvaluationItem, EvaluationRequest, EvaluationSemantic, EvaluationsOptions

    def client(credential):
        headers = {"authorization": f"Bearer {credential}"}
        budget = {"request_budget_s": 30, "connect_timeout_s": 10, "read_timeout_s": 30}
        return AuthZENClient(ScannerConfig(pdp_url=base, allow_insecure_pdp=True, default_headers=headers, **budget))

    told = {"batches": {}}
    async with client(token) as own:
        one_by_one = [await own.evaluate(EvaluationRequest(**question)) for question in questions]
        told["allowed"] = [answer.decision for answer in one_by_one]
        items = [EvaluationItem(subject=question["subject"], resource=question["resource"]) for question in questions]
        for semantic in EvaluationSemantic:
            options = EvaluationsOptions(evaluations_semantic=semantic)
            batch = BatchEvaluationRequest(action=questions[0]["action"], evaluations=items, options=options)
            answer = await own.evaluate_batch(batch)
            told["batches"][semantic.value] = [one.decision for one in answer.evaluations]
    async with client("nobody's") as nobody:
        try:
            await nobody.evaluate(EvaluationRequest(**questions[0]))
            told["refused"] = None
        except AuthZENError as error:
            told["refused"] = str(error)
    return told


if __name__ == "__main__":
    main()
