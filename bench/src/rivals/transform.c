// Eight bare compressions of OpenSSL's SHA-512 for each derivation: the least that any HKDF built on it must do.
//   transform answer COUNT CONTEXT_BYTES   reads root (32 bytes) and COUNT times salt (32) and context, writes the keys
//   transform time MILLISECONDS            writes the nanoseconds that eight compressions took
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = 128, HASH = 64, KEY = 32 };

// One block with its padding behind `prefix_blocks` blocks that were hashed before it.
static void last_block(SHA512_CTX *state, const unsigned char *bytes, size_t length, size_t prefix_blocks) {
  unsigned char block[BLOCK] = {0};
  memcpy(block, bytes, length);
  block[length] = 0x80;
  uint64_t bits = 8 * (uint64_t)(prefix_blocks * BLOCK + length);
  for (int i = 0; i < 8; i++) block[BLOCK - 1 - i] = (unsigned char)(bits >> (8 * i));
  SHA512_Transform(state, block);
}

static void padded_key(SHA512_CTX *state, const unsigned char *key, size_t length, unsigned char pad) {
  unsigned char block[BLOCK];
  memset(block, pad, BLOCK);
  for (size_t i = 0; i < length; i++) block[i] ^= key[i];
  SHA512_Init(state);
  SHA512_Transform(state, block);
}

static void store(const SHA512_CTX *state, unsigned char out[HASH]) {
  for (int i = 0; i < HASH; i++) out[i] = (unsigned char)(state->h[i / 8] >> (56 - 8 * (i % 8)));
}

// HMAC of a message of one block: four compressions (RFC 2104).
static void hmac(const unsigned char *key, size_t key_length, const unsigned char *message, size_t length,
                 unsigned char out[HASH]) {
  SHA512_CTX state;
  unsigned char inner[HASH];
  padded_key(&state, key, key_length, 0x36);
  last_block(&state, message, length, 1);
  store(&state, inner);
  padded_key(&state, key, key_length, 0x5c);
  last_block(&state, inner, HASH, 1);
  store(&state, out);
}

static int answer(size_t count, size_t context_length) {
  unsigned char root[KEY], salt[KEY], message[BLOCK], prk[HASH], okm[HASH];
  // The context, its counter, the bit that ends it and its length share one block.
  if (context_length + 1 + 1 + 16 > BLOCK) return 2;
  if (fread(root, 1, KEY, stdin) != KEY) return 2;
  for (size_t i = 0; i < count; i++) {
    if (fread(salt, 1, KEY, stdin) != KEY || fread(message, 1, context_length, stdin) != context_length) return 2;
    message[context_length] = 1;
    hmac(salt, KEY, root, KEY, prk);
    hmac(prk, HASH, message, context_length + 1, okm);
    if (fwrite(okm, 1, KEY, stdout) != KEY) return 2;
  }
  return 0;
}

static double ns_of(clockid_t clock) {
  struct timespec at;
  clock_gettime(clock, &at);
  return 1e9 * (double)at.tv_sec + (double)at.tv_nsec;
}

enum { CHUNK = 1000, MAX_RETAKES = 3 };

// Wall time of CHUNK times eight compressions. Taken again when other programs had the processor meanwhile, as the
// harness does with its own slices; at last the least disturbed counts.
static double chunk_ns(SHA512_CTX *state, const unsigned char *block) {
  double least = 0, most_held = -1;
  for (int taken = 0; taken <= MAX_RETAKES; taken++) {
    const double cpu = ns_of(CLOCK_THREAD_CPUTIME_ID), started = ns_of(CLOCK_MONOTONIC);
    for (int i = 0; i < CHUNK * 8; i++) SHA512_Transform(state, block);
    const double wall = ns_of(CLOCK_MONOTONIC) - started, held = (ns_of(CLOCK_THREAD_CPUTIME_ID) - cpu) / wall;
    if (held >= 0.9) return wall;
    if (held > most_held) most_held = held, least = wall;
  }
  return least;
}

static double eight_ns(double for_ns) {
  static SHA512_CTX state;
  static unsigned char block[BLOCK];
  SHA512_Init(&state);
  double done = 0, total = 0;
  while (total < for_ns) {
    total += chunk_ns(&state, block);
    done += CHUNK;
  }
  return total / done;
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "answer") == 0) return answer(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
  if (argc != 3 || strcmp(argv[1], "time") != 0) return 2;
  const double for_ns = 1e6 * strtod(argv[2], NULL);
  eight_ns(for_ns / 4);
  printf("%.3f\n", eight_ns(for_ns));
  return 0;
}
