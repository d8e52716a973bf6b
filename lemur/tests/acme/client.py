"""A whole flow by Python's `acme` for each kind of account key: dns-01, finalize, fetch, revoke by the certificate's key.

Arguments: the directory, the address of pebble-challtestsrv's management, and a key ID and a key for each account.
"""

import json
import sys
import urllib.request

import josepy as jose
from acme import challenges, client, crypto_util, messages
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa


def account_keys():
    for bits in (2048, 4096):
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        yield f"RSA-{bits}", jose.JWKRSA(key=key), jose.RS256
    for curve, alg in ((ec.SECP256R1(), jose.ES256), (ec.SECP384R1(), jose.ES384)):
        yield f"P-{curve.key_size}", jose.JWKEC(key=ec.generate_private_key(curve)), alg


def flow(directory_url, management, name, key, alg, kid, hmac_key):
    net = client.ClientNetwork(key, alg=alg)
    directory = client.ClientV2.get_directory(directory_url, net)
    acme = client.ClientV2(directory, net)
    binding = messages.ExternalAccountBinding.from_data(
        account_public_key=key.public_key(), kid=kid, hmac_key=hmac_key, directory=directory
    )
    acme.new_account(messages.NewRegistration.from_data(external_account_binding=binding, terms_of_service_agreed=True))
    host = f"{name.lower()}.example.org"
    leaf = ec.generate_private_key(ec.SECP256R1())
    pem = leaf.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    order = acme.new_order(crypto_util.make_csr(pem, [host]))
    for authorization in order.authorizations:
        challenge = next(c for c in authorization.body.challenges if isinstance(c.chall, challenges.DNS01))
        response, validation = challenge.response_and_validation(key)
        body = json.dumps({"host": f"_acme-challenge.{host}.", "value": validation}).encode()
        urllib.request.urlopen(f"http://{management}/set-txt", body)
        acme.answer_challenge(challenge, response)
    order = acme.poll_and_finalize(order)
    certificate = x509.load_pem_x509_certificate(order.fullchain_pem.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [host]
    by_key = client.ClientNetwork(jose.JWKEC(key=leaf), alg=jose.ES256)
    client.ClientV2(directory, by_key).revoke(certificate, 1)
    acme.deactivate_registration(acme.net.account)


def main():
    directory, management, *keys = sys.argv[1:]
    done = []
    for index, (name, key, alg) in enumerate(account_keys()):
        flow(directory, management, name, key, alg, *keys[2 * index : 2 * index + 2])
        done.append(name)
    print(*done)


main()
