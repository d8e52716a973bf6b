"""Answers of `get-account-authorization-details`, made up."""

import json
from pathlib import Path

import corpus

ACCOUNT = corpus.ACCOUNTS[0]


def role(account: str, name: str, actions: object) -> dict:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    return {
        "Path": "/", "RoleName": name, "RoleId": f"AROA{account}{name}", "Arn": f"arn:aws:iam::{account}:role/{name}", "CreateDate": "2020-01-01T00:00:00Z",
        "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": document}], "AttachedManagedPolicies": [],
    }


def write(path: Path, roles: list[dict]) -> Path:
    path.write_text(json.dumps({"RoleDetailList": roles}))
    return path


def of_corpus(work: Path) -> Path:
    """One role of the logs, with what such roles often hold: what is measured is the reading."""
    actions = ["s3:*", "kms:*", "ec2:Describe*", "ec2:RunInstances", "dynamodb:*", "sts:AssumeRole", "iam:PutRolePolicy"]
    return write(work / "details.json", [role(ACCOUNT, f"{corpus.TEAMS[0]}-{corpus.JOBS[0]}", actions)])


def of_everything(work: Path, count: int) -> Path:
    """Roles that may do everything."""
    return write(work / f"everything-{count}.json", [role(ACCOUNT, f"admin{number}", "*") for number in range(count)])
