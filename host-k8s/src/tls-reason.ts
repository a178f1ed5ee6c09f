// Which error codes mean that TLS itself failed: the peer is not ours, or we are not its.

/** Codes of certificate verification, of OpenSSL, and of alerts in the handshake, as Node names them. */
export const isTlsReason = (reason: string): boolean =>
  /^(ERR_SSL_|ERR_TLS_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|EPROTO$|INVALID_CA$|HOSTNAME_MISMATCH$)/.test(reason);
