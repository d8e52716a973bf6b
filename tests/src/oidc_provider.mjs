// `oidc-provider` (npm) as an OpenID provider on loopback: code flow with PKCE, tokens signed with keys of its own, its own sign-in form.
// Its only argument is a JSON file: packages, issuer, port, key, certificate, keys (a file that it makes), clients and accounts (claims by subject).
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { default: Provider } = await import(join(given.packages, 'oidc-provider/lib/index.js'));

// By way of PEM: Node 20 stands still now and then where it writes a key as a JWK while the job that made the key is collected, since both hold
// that key's lock. A key that was read has no such job.
const privateKeyEncoding = { type: 'pkcs8', format: 'pem' };
const jwk = (kind, options, more) => {
    const pem = generateKeyPairSync(kind, { ...options, privateKeyEncoding }).privateKey;
    return { ...createPrivateKey(pem).export({ format: 'jwk' }), use: 'sig', ...more };
};
if (!existsSync(given.keys)) {
    const keys = [
        jwk('rsa', { modulusLength: 2048 }, { kid: 'rsa', alg: 'RS256' }),
        jwk('ec', { namedCurve: 'P-256' }, { kid: 'ec', alg: 'ES256' }),
        jwk('ed25519', {}, { kid: 'ed', alg: 'EdDSA' }),
    ];
    writeFileSync(given.keys, JSON.stringify({ keys }));
}
const provider = new Provider(given.issuer, {
    clients: given.clients,
    jwks: JSON.parse(readFileSync(given.keys, 'utf8')),
    cookies: { keys: ['of a test'] },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    clientBasedCORS: () => false,
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA', 'HS256'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: given.claims },
    findAccount: (_, id) => given.accounts[id] && { accountId: id, claims: () => ({ sub: id, ...given.accounts[id] }) },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: false } },
    ttl: { IdToken: 600, AccessToken: 600, AuthorizationCode: 60, Grant: 600, Interaction: 600, Session: 600 },
});
provider.on('server_error', (_, error) => console.error(error));
const tls = { key: readFileSync(given.key), cert: readFileSync(given.certificate) };
createServer(tls, provider.callback()).listen(given.port, '127.0.0.1', () => console.log(`ready at ${given.issuer}`));
