/**
 * A certificate for localhost that vouches for nothing: its key is public, right here. Made once by
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost
 * -addext "subjectAltName=DNS:localhost,IP:127.0.0.1"`.
 */
export const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgepW19GtDVDLWD/Uq
Kvmbf8FQM3Usg0/r/tG+JJ9l6b6hRANCAAQ0grwp9/Ntt5pMIIMNFQBi67bZeFwv
ydsl18DtSTkErktCM2Ok30yzzGAiIPytiZQuUhGUiszHKMg+z4E3R5//
-----END PRIVATE KEY-----
`;

export const certificate = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUYglCXQU8QiaX3tY6lr0bZFzkMHowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzAwNDQwMFoYDzIxMjYxMDMw
MDA0NDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQ0grwp9/Ntt5pMIIMNFQBi67bZeFwvydsl18DtSTkErktCM2Ok30yz
zGAiIPytiZQuUhGUiszHKMg+z4E3R5//o28wbTAdBgNVHQ4EFgQURZSEYTLr9gaU
TfHYrl5danfWBDkwHwYDVR0jBBgwFoAURZSEYTLr9gaUTfHYrl5danfWBDkwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAJ3E3wCkyqlRzzGXBvPzVJ4j29jBB4lwJZxfJnPGGQeiAiBU
77rTDO09QPIBK7zQkzTtqWaIJ4SOJO1YDUgHXOm9WA==
-----END CERTIFICATE-----
`;
