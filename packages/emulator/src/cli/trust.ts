/** How programs are told to trust a certificate. */
export function trustLines(file: string): string {
  const names = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'];
  return names.map((name) => `  ${name}=${file}`).join('\n');
}
