/*
 * A security key in software, as OpenSSH's tools load one (SecurityKeyProvider, SSH_SK_PROVIDER): the interface is that of OpenSSH's
 * PROTOCOL.u2f, the signatures are those of FIDO. It is for tests alone: a key's handle is the private key itself, and presence and
 * verification of a user are whatever is asked for.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>

/* The version of the interface, which whoever compiles this asks the installed ssh-keygen for. */
#ifndef SK_VERSION
#error "compile with -DSK_VERSION=0x..."
#endif

enum { ALG_ECDSA = 0, ALG_ED25519 = 1 };
enum { ERR_GENERAL = -1, ERR_UNSUPPORTED = -2 };
enum { SECRET = 32, FLAGS = 0x01 | 0x04 };

struct enrolled {
    uint8_t flags;
    uint8_t *public_key;
    size_t public_key_len;
    uint8_t *key_handle;
    size_t key_handle_len;
    uint8_t *signature;
    size_t signature_len;
    uint8_t *attestation_cert;
    size_t attestation_cert_len;
    uint8_t *authdata;
    size_t authdata_len;
};

struct made {
    uint8_t flags;
    uint32_t counter;
    uint8_t *r;
    size_t r_len;
    uint8_t *s;
    size_t s_len;
};

uint32_t sk_api_version(void) {
    return SK_VERSION;
}

/* The key of a handle. An ECDSA key is its scalar; its point is worked out. */
static EVP_PKEY *key_of(uint32_t alg, const uint8_t *handle, size_t length) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = NULL;
    EC_GROUP *group = NULL;
    EC_POINT *point = NULL;
    BIGNUM *scalar = NULL;
    OSSL_PARAM_BLD *builder = NULL;
    OSSL_PARAM *params = NULL;
    uint8_t encoded[65];

    if (length != SECRET) {
        return NULL;
    }
    if (alg == ALG_ED25519) {
        return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, handle, length);
    }
    group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    scalar = BN_bin2bn(handle, (int)length, NULL);
    builder = OSSL_PARAM_BLD_new();
    if (group == NULL || scalar == NULL || builder == NULL || (point = EC_POINT_new(group)) == NULL) {
        goto done;
    }
    if (EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) != 1 ||
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, encoded, sizeof encoded, NULL) != sizeof encoded) {
        goto done;
    }
    if (!OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ||
        !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar) ||
        !OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof encoded)) {
        goto done;
    }
    params = OSSL_PARAM_BLD_to_param(builder);
    context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) != 1) {
        key = NULL;
    }
done:
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    BN_clear_free(scalar);
    return key;
}

/* A fresh key's secret: 32 bytes. */
static int fresh(uint32_t alg, uint8_t secret[SECRET]) {
    EVP_PKEY *key = NULL;
    BIGNUM *scalar = NULL;
    size_t length = SECRET;
    int done = 0;

    if (alg == ALG_ED25519) {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        done = key != NULL && EVP_PKEY_get_raw_private_key(key, secret, &length) == 1;
    } else {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        done = key != NULL && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1 &&
               BN_bn2binpad(scalar, secret, SECRET) == SECRET;
    }
    BN_clear_free(scalar);
    EVP_PKEY_free(key);
    return done;
}

static uint8_t *copy(const uint8_t *bytes, size_t length) {
    uint8_t *made = malloc(length);
    if (made != NULL) {
        memcpy(made, bytes, length);
    }
    return made;
}

int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application, uint8_t flags, const char *pin,
              void **options, struct enrolled **response) {
    struct enrolled *answer = NULL;
    EVP_PKEY *key = NULL;
    uint8_t secret[SECRET], public_key[65];
    size_t length = sizeof public_key;
    int known;

    (void)challenge, (void)challenge_len, (void)application, (void)pin, (void)options;
    *response = NULL;
    if (alg != ALG_ECDSA && alg != ALG_ED25519) {
        return ERR_UNSUPPORTED;
    }
    if (!fresh(alg, secret) || (key = key_of(alg, secret, sizeof secret)) == NULL) {
        return ERR_GENERAL;
    }
    if (alg == ALG_ED25519) {
        known = EVP_PKEY_get_raw_public_key(key, public_key, &length);
    } else {
        known = EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, public_key, length, &length);
    }
    EVP_PKEY_free(key);
    answer = known == 1 ? calloc(1, sizeof *answer) : NULL;
    if (answer == NULL) {
        return ERR_GENERAL;
    }
    answer->flags = flags;
    answer->public_key = copy(public_key, length);
    answer->public_key_len = length;
    answer->key_handle = copy(secret, sizeof secret);
    answer->key_handle_len = sizeof secret;
    /* No attestation; ssh-keygen wants the fields to be there. */
    answer->signature = calloc(1, 1);
    answer->signature_len = 1;
    if (answer->public_key == NULL || answer->key_handle == NULL || answer->signature == NULL) {
        return ERR_GENERAL;
    }
    *response = answer;
    return 0;
}

/* What a security key signs: the application's hash, the flags, the counter, the message's hash. */
static void signed_text(uint8_t text[69], const char *application, uint8_t flags, uint32_t counter, const uint8_t *data, size_t length) {
    SHA256((const uint8_t *)application, strlen(application), text);
    text[32] = flags;
    text[33] = (uint8_t)(counter >> 24);
    text[34] = (uint8_t)(counter >> 16);
    text[35] = (uint8_t)(counter >> 8);
    text[36] = (uint8_t)counter;
    SHA256(data, length, text + 37);
}

/* ECDSA's signature is DER; what OpenSSH wants is its two numbers. */
static int split(struct made *answer, const uint8_t *der, size_t length) {
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)length);
    int done = 0;

    if (signature != NULL && (answer->r = malloc(SECRET)) != NULL && (answer->s = malloc(SECRET)) != NULL) {
        done = BN_bn2binpad(ECDSA_SIG_get0_r(signature), answer->r, SECRET) == SECRET &&
               BN_bn2binpad(ECDSA_SIG_get0_s(signature), answer->s, SECRET) == SECRET;
        answer->r_len = answer->s_len = SECRET;
    }
    ECDSA_SIG_free(signature);
    return done;
}

int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application, const uint8_t *handle, size_t handle_len,
            uint8_t flags, const char *pin, void **options, struct made **response) {
    EVP_PKEY *key = key_of(alg, handle, handle_len);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct made *answer = calloc(1, sizeof *answer);
    uint8_t text[69], signature[128];
    size_t length = sizeof signature;
    int done = 0;

    (void)pin, (void)options;
    *response = NULL;
    if (key != NULL && context != NULL && answer != NULL) {
        answer->flags = flags & FLAGS;
        answer->counter = 1;
        signed_text(text, application, answer->flags, answer->counter, data, data_len);
        done = EVP_DigestSignInit(context, NULL, alg == ALG_ED25519 ? NULL : EVP_sha256(), NULL, key) == 1 &&
               EVP_DigestSign(context, signature, &length, text, sizeof text) == 1;
        if (done && alg == ALG_ED25519) {
            answer->r = copy(signature, length);
            answer->r_len = length;
            done = answer->r != NULL;
        } else if (done) {
            done = split(answer, signature, length);
        }
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    if (!done) {
        free(answer);
        return ERR_GENERAL;
    }
    *response = answer;
    return 0;
}

/* Nothing is kept in this key. */
int sk_load_resident_keys(const char *pin, void **options, void ***keys, size_t *count) {
    (void)pin, (void)options;
    *keys = NULL;
    *count = 0;
    return 0;
}
