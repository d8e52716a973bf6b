# Holds certificates against pkilint's rules, in one process: a line of hexadecimal DER in, a line of JSON out.
# The first line is the day by whose rules the Baseline Requirements are taken, or `-` for that of each certificate's start.
import datetime
import json
import sys

from pkilint import document, finding_filter, loader
from pkilint.cabf import serverauth
from pkilint.pkix import certificate, extension, name
from pkilint.validation import ValidationFindingSeverity as Severity

LOADER = loader.RFC5280CertificateDocumentLoader()
DAY = sys.stdin.readline().strip()
START = None
if DAY != "-":
    START = document.StaticValidityPeriodStartRetriever(datetime.datetime.fromisoformat(DAY).replace(tzinfo=datetime.timezone.utc))
PKIX = certificate.create_pkix_certificate_validator_container(
    certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
    [
        certificate.create_issuer_validator_container([]),
        certificate.create_validity_validator_container(),
        certificate.create_subject_validator_container([]),
        certificate.create_extensions_validator_container([]),
        certificate.create_spki_validator_container([]),
    ],
)
BASELINE = {}


def baseline(kind):
    if kind not in BASELINE:
        BASELINE[kind] = certificate.create_pkix_certificate_validator_container(
            serverauth.create_decoding_validators(), serverauth.create_validators(kind, START)
        )
    return BASELINE[kind]


def errors(results):
    return sorted(
        {
            (described.finding.code, str(described.message or ""))
            for result in results
            for described in result.finding_descriptions
            if described.finding.severity <= Severity.ERROR
        }
    )


for line in sys.stdin:
    verdict = {"kind": None, "pkix": [], "baseline": [], "failed": None}
    try:
        read = lambda: LOADER.load_der_document(bytes.fromhex(line.strip()), "certificate")
        verdict["pkix"] = errors(PKIX.validate(read().root))
        kind = serverauth.determine_certificate_type(read())
        results = baseline(kind).validate(read().root)
        results, _ = finding_filter.filter_results(serverauth.create_serverauth_finding_filters(kind), results)
        verdict["kind"] = kind.to_option_str
        verdict["baseline"] = errors(results)
    except Exception as error:
        verdict["failed"] = f"{type(error).__name__}: {error}"
    print(json.dumps(verdict), flush=True)
