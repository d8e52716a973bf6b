#!/usr/bin/env bash
# What repokid does, shown on an account made for it: two roles, a user and the logs of ninety days, all made up. Nothing is asked of AWS,
# no network is used, and everything is in a folder that goes away; only the report stays.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n\033[1m%s\033[0m\n' "$*" | { if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }; }

# Runs a command and insists on its exit status: 0 nothing would change, 1 something would, 2 the input is weak.
expect() {
    local wanted=$1 status=0
    shift
    printf '$ %s\n' "$*"
    "$@" || status=$?
    if [ "$status" -ne "$wanted" ]; then
        echo "the exit status is $status, where $wanted was expected" >&2
        exit 1
    fi
    echo "(exit status $status)"
}

for program in gzip awk; do
    command -v "$program" >/dev/null || { echo "the demonstration needs $program" >&2; exit 2; }
done

say "Building (the first time takes some minutes)"
cargo build --locked --release --workspace --features lanius/aws,lemur/aws --bins
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/demo"
target=$(cd "$target" && pwd)
PATH=$target/release:$PATH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# --- an account ------------------------------------------------------------------------------------------------------------------
cat >details.json <<'JSON'
{
  "RoleDetailList": [
    {
      "Path": "/app/", "RoleName": "orders", "RoleId": "AROAEXAMPLEORDERS", "Arn": "arn:aws:iam::111122223333:role/app/orders",
      "CreateDate": "2025-01-01T00:00:00Z", "AttachedManagedPolicies": [],
      "RolePolicyList": [{"PolicyName": "orders", "PolicyDocument": {
        "Version": "2012-10-17",
        "Statement": [
          {"Sid": "Work", "Effect": "Allow", "Action": ["sqs:*", "ec2:Describe*", "ec2:RunInstances", "iam:PassRole"], "Resource": "*"},
          {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutBucketPolicy"], "Resource": "arn:aws:s3:::orders*",
           "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
          {"Effect": "Deny", "Action": "sqs:DeleteQueue", "Resource": "*"}
        ]
      }}]
    },
    {
      "Path": "/", "RoleName": "break-glass-admin", "RoleId": "AROAEXAMPLEGLASS", "Arn": "arn:aws:iam::111122223333:role/break-glass-admin",
      "CreateDate": "2025-01-01T00:00:00Z", "AttachedManagedPolicies": [],
      "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]
    }
  ],
  "UserDetailList": [
    {
      "Path": "/", "UserName": "reporting", "UserId": "AIDAEXAMPLEREPORT", "Arn": "arn:aws:iam::111122223333:user/reporting",
      "CreateDate": "2025-01-01T00:00:00Z", "AttachedManagedPolicies": [], "GroupList": [],
      "UserPolicyList": [{"PolicyName": "read", "PolicyDocument": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["cloudwatch:*", "logs:Describe*"], "Resource": "*"}]}}]
    }
  ],
  "GroupDetailList": [], "Policies": [], "IsTruncated": false
}
JSON

# Ninety days of logs as CloudTrail delivers them: a gzip file a day.
logs=logs/AWSLogs/111122223333/CloudTrail/eu-west-1
mkdir -p "$logs"
role='"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/orders/i-0","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/app/orders","accountId":"111122223333","userName":"orders"}}}'
user='"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/reporting","accountId":"111122223333","userName":"reporting"}'
event() { # day, identity, source, name, request parameters, more
    printf '{"eventVersion":"1.11",%s,"eventTime":"%sT10:00:00Z","eventSource":"%s","eventName":"%s","awsRegion":"eu-west-1","recipientAccountId":"111122223333","eventType":"AwsApiCall","managementEvent":true,"eventCategory":"Management","requestParameters":%s%s}' \
        "$2" "$1" "$3" "$4" "$5" "${6-}"
}
for month in 01 02 03; do
    for day in $(seq -w 1 28); do
        at=2026-$month-$day
        {
            printf '{"Records":['
            event "$at" "$role" sqs.amazonaws.com GetQueueAttributes '{"queueUrl":"https://sqs.eu-west-1.amazonaws.com/111122223333/orders"}'
            printf ,
            event "$at" "$role" ec2.amazonaws.com DescribeInstances '{}'
            printf ,
            event "$at" "$user" monitoring.amazonaws.com DescribeAlarms '{}'
            printf ,
            event "$at" "$role" ec2.amazonaws.com RunInstances '{"iamInstanceProfile":{"arn":"arn:aws:iam::111122223333:instance-profile/worker"}}' \
                ',"errorCode":"Client.UnauthorizedOperation","errorMessage":"You are not authorized to perform this operation."'
            printf ']}'
        } | gzip >"$logs/111122223333_CloudTrail_eu-west-1_${at//-/}T1005Z_demo.json.gz"
    done
done

say "1. Without a word on what the trail logs, silence proves nothing"
expect 0 repokid analyze --authorization-details details.json --cloudtrail logs --as-of 2026-03-29 --window 84

say "2. The logs are complete, says the caller: what is proved unused would go, with proof"
expect 1 repokid analyze --authorization-details details.json --cloudtrail logs --assume-complete --as-of 2026-03-29 --window 84 -o review

say "3. What a person reviews: the condition and the denial stay to the letter, s3:GetObject is a data event and stays"
cat review/111122223333/role/orders/changes.diff

say "4. Why, permission by permission"
{ repokid analyze --authorization-details details.json --cloudtrail logs --assume-complete --as-of 2026-03-29 --window 84 --only orders --format json || [ $? -eq 1 ]; } |
    awk 'BEGIN { RS = "{\"action\":\"" } /^(sqs:GetQueueAttributes|sqs:PurgeQueue|s3:GetObject|iam:PassRole|ec2:RunInstances)"/ {
        split($0, part, "\""); match($0, /"verdict":"[a-z]*"/); verdict = substr($0, RSTART + 11, RLENGTH - 12)
        match($0, /"evidence":"[^"]*"/); printf "  %-24s %-13s %s\n", part[1], verdict, substr($0, RSTART + 12, RLENGTH - 13) }'

say "5. What the tables know of an event and of an action"
expect 0 repokid data explain lambda.amazonaws.com CreateFunction20150331
expect 0 repokid data explain s3:GetObject

repokid analyze --authorization-details details.json --cloudtrail logs --assume-complete --as-of 2026-03-29 --window 84 --format html >"$target/demo/repokid.html" || [ $? -eq 1 ]
say "The report for a browser is $target/demo/repokid.html"
