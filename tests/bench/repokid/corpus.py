"""Logs of CloudTrail as they are delivered to S3, made up, the same each time: roles and their sessions, users, services that act for a
role, management and data events, errors and denials, in compressed files from a few events to some thousands.
"""

import gzip
import json
import random
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

ACCOUNTS = [f"{111122220000 + number}" for number in range(6)]
REGIONS = ["us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2"]
TEAMS = ["payments", "search", "data", "platform", "web", "ml", "billing", "identity"]
JOBS = ["deploy", "worker", "api", "etl", "reader", "backup", "ci", "monitor", "admin", "batch"]
AGENTS = [
    "aws-sdk-java/2.25.11 Linux/5.10.214-202.855.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/17.0.10+7-LTS Java/17.0.10 vendor/Amazon.com_Inc. cfg/retry-mode/standard",
    "Boto3/1.34.69 md/Botocore#1.34.69 ua/2.0 os/linux#6.1.79-99.167.amzn2023.x86_64 md/arch#x86_64 lang/python#3.11.6 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.69",
    "APN/1.0 HashiCorp/1.0 Terraform/1.7.5 (+https://www.terraform.io) terraform-provider-aws/5.41.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.26.0 os/linux lang/go#1.22.1",
    "aws-cli/2.15.30 Python/3.11.8 Linux/5.15.0-1056-aws exe/x86_64.ubuntu.22 prompt/off command/s3.cp",
    "m/E,Z aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#arm64 api/dynamodb#1.34.4",
]
# The moment of analyses: all events are before it, and not long.
END = "2026-01-03"
Made = tuple[dict, object, list[dict] | None]


class Corpus:
    def __init__(self) -> None:
        self.dice = random.Random(7)
        self.roles = [(account, f"{team}-{job}") for account in ACCOUNTS for team in TEAMS for job in JOBS]
        self.sessions = [self.session() for _ in range(3000)]
        self.start = datetime(2026, 1, 1, tzinfo=timezone.utc)

    def hexadecimal(self, digits: int) -> str:
        return f"{self.dice.getrandbits(digits * 4):0{digits}x}"

    def uuid(self) -> str:
        text = self.hexadecimal(32)
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def key(self, kind: str) -> str:
        return kind + "".join(self.dice.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))

    def session(self) -> tuple[str, dict]:
        kind = self.dice.random()
        if kind < 0.05:
            account, name = self.dice.choice(ACCOUNTS), f"user{self.dice.randrange(40)}"
            arn = f"arn:aws:iam::{account}:user/{name}"
            return account, {"type": "IAMUser", "principalId": self.key("AIDA"), "arn": arn, "accountId": account, "accessKeyId": self.key("AKIA"), "userName": name}
        account, role = self.dice.choice(self.roles)
        name, unique = f"i-{self.hexadecimal(17)}" if kind < 0.5 else f"session-{self.dice.randrange(10**9)}", self.key("AROA")
        path = "/service-role/" if kind < 0.2 else "/"
        issuer = {"type": "Role", "principalId": unique, "arn": f"arn:aws:iam::{account}:role{path}{role}", "accountId": account, "userName": role}
        created = (datetime(2026, 1, 1) + timedelta(seconds=self.dice.randrange(86400))).strftime("%Y-%m-%dT%H:%M:%SZ")
        identity = {
            "type": "AssumedRole", "principalId": f"{unique}:{name}", "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
            "accountId": account, "accessKeyId": self.key("ASIA"),
            "sessionContext": {"sessionIssuer": issuer, "webIdFederationData": {}, "attributes": {"creationDate": created, "mfaAuthenticated": "false"}},
        }
        if kind < 0.5:
            identity["sessionContext"]["ec2RoleDelivery"] = "2.0"
        elif kind > 0.9:
            identity["invokedBy"] = self.dice.choice(["cloudformation.amazonaws.com", "athena.amazonaws.com", "autoscaling.amazonaws.com"])
        return account, identity

    def s3(self, account: str, region: str) -> Made:
        bucket = f"{self.dice.choice(TEAMS)}-{account[-4:]}-{self.dice.randrange(6)}"
        key = f"year=2026/month=01/day={self.dice.randrange(1, 29):02}/part-{self.dice.randrange(60):05}.parquet"
        request = {"bucketName": bucket, "Host": f"{bucket}.s3.{region}.amazonaws.com", "key": key}
        return request, None, [
            {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
            {"accountId": account, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},
        ]

    def kms(self, account: str, region: str) -> Made:
        key = f"arn:aws:kms:{region}:{account}:key/{self.dice.randrange(40):08x}-1111-2222-3333-444455556666"
        request = {"encryptionContext": {"aws:s3:arn": f"arn:aws:s3:::data-{account[-4:]}", "note": 'a "quoted" } brace'}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}
        return request, None, [{"accountId": account, "type": "AWS::KMS::Key", "ARN": key}]

    def role(self, account: str, region: str) -> Made:
        target = self.dice.choice(self.roles)
        arn = f"arn:aws:iam::{target[0]}:role/{target[1]}"
        answer = {
            "credentials": {"accessKeyId": self.key("ASIA"), "sessionToken": self.hexadecimal(600), "expiration": "Jan 1, 2026, 12:00:00 PM"},
            "assumedRoleUser": {"assumedRoleId": f"{self.key('AROA')}:batch", "arn": f"arn:aws:sts::{target[0]}:assumed-role/{target[1]}/batch"},
        }
        return {"roleArn": arn, "roleSessionName": "batch", "durationSeconds": 3600}, answer, [{"accountId": target[0], "type": "AWS::IAM::Role", "ARN": arn}]

    def instances(self, account: str, region: str) -> Made:
        filters = [{"name": f"tag:{name}", "valueSet": {"items": [{"value": self.dice.choice(TEAMS)}]}} for name in ["team", "stage", "cluster"]]
        return {"maxResults": 1000, "instancesSet": {"items": [{"instanceId": f"i-{self.hexadecimal(17)}"} for _ in range(self.dice.randrange(4))]}, "filterSet": {"items": filters}}, None, None

    def started(self, account: str, region: str) -> Made:
        one = {"imageId": "ami-0abcdef1234567890", "instanceType": "m6i.large", "subnetId": "subnet-0123456789abcdef0", "monitoring": {"state": "pending"}, "stateReason": {"code": "pending", "message": "pending"},
               "blockDeviceMapping": {}, "networkInterfaceSet": {"items": [{"networkInterfaceId": f"eni-{self.hexadecimal(17)}", "groupSet": {"items": [{"groupId": "sg-0123", "groupName": "web"}]}}]}}
        items = [{"instanceId": f"i-{self.hexadecimal(17)}", **one} for _ in range(self.dice.randrange(1, 6))]
        return {"instancesSet": {"items": [{"imageId": "ami-0abcdef1234567890", "minCount": 1, "maxCount": len(items)}]}, "instanceType": "m6i.large", "clientToken": self.uuid()}, {"reservationId": f"r-{self.hexadecimal(17)}", "instancesSet": {"items": items}}, None

    def table(self, account: str, region: str) -> Made:
        arn = f"arn:aws:dynamodb:{region}:{account}:table/{self.dice.choice(TEAMS)}-{self.dice.randrange(5)}"
        return {"tableName": arn.rsplit("/")[-1], "key": {"pk": self.hexadecimal(8)}}, None, [{"accountId": account, "type": "AWS::DynamoDB::Table", "ARN": arn}]

    def policy(self, account: str, region: str) -> Made:
        document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": f"arn:aws:s3:::{team}/*"} for team in TEAMS]}, indent=2)
        return {"roleName": self.dice.choice(self.roles)[1], "policyName": "inline", "policyDocument": document}, None, None

    def plain(self, account: str, region: str) -> Made:
        return {"nextToken": self.hexadecimal(48), "maxResults": 50}, None, None

    def event(self, number: int) -> str:
        account, identity = self.dice.choice(self.sessions)
        region, (source, name, make, reads, data) = self.dice.choice(REGIONS), self.dice.choices(OPERATIONS, WEIGHTS)[0]
        request, answer, resources = make(self, account, region)
        event = {
            "eventVersion": "1.09", "userIdentity": identity, "eventTime": (self.start + timedelta(seconds=number // 20)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": source, "eventName": name, "awsRegion": region, "sourceIPAddress": f"10.{number % 250}.{number // 250 % 250}.7", "userAgent": self.dice.choice(AGENTS),
        }
        chance = self.dice.random()
        if chance < 0.06:
            answer = None
            if chance < 0.03:
                event["errorCode"] = "Client.UnauthorizedOperation" if source.startswith("ec2") else "AccessDenied"
                asked = f"{source.split('.')[0]}:{name}"
                event["errorMessage"] = f"User: {identity['arn']} is not authorized to perform: {asked} on resource: * because no identity-based policy allows the {asked} action"
            else:
                event["errorCode"], event["errorMessage"] = "ThrottlingException", "Rate exceeded"
        event |= {"requestParameters": request, "responseElements": answer}
        if data:
            event["additionalEventData"] = {"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256", "bytesTransferredIn": 0, "AuthenticationMethod": "AuthHeader", "x-amz-id-2": self.hexadecimal(76), "bytesTransferredOut": self.dice.randrange(10**7)}
        event |= {"requestID": self.uuid(), "eventID": self.uuid(), "readOnly": reads}
        if resources:
            event["resources"] = resources
        event |= {"eventType": "AwsApiCall", "managementEvent": not data, "recipientAccountId": account, "eventCategory": "Data" if data else "Management"}
        if "invokedBy" not in identity:
            event["tlsDetails"] = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": f"{source.split('.')[0]}.{region}.amazonaws.com"}
        return json.dumps(event, separators=(",", ":"))


Make = Callable[[Corpus, str, str], Made]
OPERATIONS: list[tuple[str, str, Make, bool, bool]] = [
    ("s3.amazonaws.com", "GetObject", Corpus.s3, True, True), ("s3.amazonaws.com", "PutObject", Corpus.s3, False, True),
    ("kms.amazonaws.com", "Decrypt", Corpus.kms, True, False), ("kms.amazonaws.com", "GenerateDataKey", Corpus.kms, True, False),
    ("sts.amazonaws.com", "AssumeRole", Corpus.role, True, False), ("ec2.amazonaws.com", "DescribeInstances", Corpus.instances, True, False),
    ("ec2.amazonaws.com", "RunInstances", Corpus.started, False, False), ("dynamodb.amazonaws.com", "GetItem", Corpus.table, True, True),
    ("dynamodb.amazonaws.com", "DescribeTable", Corpus.table, True, False), ("iam.amazonaws.com", "PutRolePolicy", Corpus.policy, False, False),
    *[(f"{service}.amazonaws.com", name, Corpus.plain, True, False) for service, names in {
        "logs": ["DescribeLogGroups", "DescribeLogStreams"], "monitoring": ["DescribeAlarms", "ListMetrics"], "ssm": ["GetParameter", "DescribeInstanceInformation"],
        "ecr": ["GetAuthorizationToken", "BatchGetImage"], "lambda": ["ListFunctions20150331", "GetFunction20150331v2"], "rds": ["DescribeDBInstances"], "sqs": ["ListQueues"],
        "ecs": ["DescribeTasks", "ListServices"], "elasticloadbalancing": ["DescribeTargetHealth"], "autoscaling": ["DescribeAutoScalingGroups"], "secretsmanager": ["GetSecretValue"],
    }.items() for name in names],
]
WEIGHTS = [20, 8, 14, 8, 12, 8, 1, 8, 2, 1] + [1] * (len(OPERATIONS) - 10)


def make(folder: Path, length: int) -> int:
    """Makes at least `length` bytes of logs in the folder, unless they are there, and gives how many there are."""
    told = folder.with_suffix(".bytes")
    if folder.is_dir() and told.is_file() and int(told.read_text()) >= length:
        return int(told.read_text())
    shutil.rmtree(folder, ignore_errors=True)
    corpus, made, number, count = Corpus(), 0, 0, 0
    while made < length:
        account, region, count = corpus.dice.choice(ACCOUNTS), corpus.dice.choice(REGIONS), count + 1
        events = [corpus.event(number := number + 1) for _ in range(int(corpus.dice.lognormvariate(5.5, 1.5)) % 8000 + 1)]
        text = ('{"Records":[' + ",".join(events) + "]}").encode()
        when = corpus.start + timedelta(seconds=number // 20)
        file = folder / f"AWSLogs/{account}/CloudTrail/{region}/{when:%Y/%m/%d}/{account}_CloudTrail_{region}_{when:%Y%m%dT%H%MZ}_{corpus.hexadecimal(16)}.json.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(text, 6, mtime=0))
        made += len(text)
    told.write_text(str(made))
    return made


def alone(account: str) -> str:
    """One event of an account, of a user."""
    identity = {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": f"arn:aws:iam::{account}:user/nobody", "accountId": account, "userName": "nobody"}
    event = {
        "eventVersion": "1.09", "userIdentity": identity, "eventTime": "2026-01-02T00:00:00Z", "eventSource": "sts.amazonaws.com", "eventName": "GetCallerIdentity",
        "awsRegion": REGIONS[0], "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": account, "eventCategory": "Management",
    }
    return json.dumps({"Records": [event]})
