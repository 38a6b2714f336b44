/*
 * What libxmlsec1 needs to verify a signed SOAP envelope, and to sign one. Compiled and run by `mohur-bench -- soap`:
 *
 *     xmlsec <signed envelope> <envelope to sign> <key, PEM> <certificate, PEM>
 *
 * A line `<verify|sign> <count>` on the standard input runs the operation so many times; the answer is a line of JSON with the
 * CPU (user and system, of the whole process) of one. Each time the text is parsed anew, as a server must; what is signed is
 * written as text again. The key is given, so that no certificate is parsed and no path built.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <xmlsec/crypto.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

#define WSU "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"

static void fail(const char *what) {
    fprintf(stderr, "xmlsec: %s\n", what);
    exit(1);
}

static char *read_file(const char *path, int *length) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail(path);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = malloc((size_t)size + 1);
    if (text == NULL || fread(text, 1, (size_t)size, file) != (size_t)size) fail(path);
    text[size] = '\0';
    fclose(file);
    *length = (int)size;
    return text;
}

/* Makes every wsu:Id known to the document, as each user of libxmlsec1 with WS-Security must. */
static void register_ids(xmlDocPtr document, xmlNodePtr node) {
    for (; node != NULL; node = node->next) {
        if (node->type != XML_ELEMENT_NODE) continue;
        xmlAttrPtr attribute = xmlHasNsProp(node, BAD_CAST "Id", BAD_CAST WSU);
        if (attribute != NULL) {
            xmlChar *value = xmlNodeListGetString(document, attribute->children, 1);
            xmlAddID(NULL, document, value, attribute);
            xmlFree(value);
        }
        register_ids(document, node->children);
    }
}

static xmlDocPtr parse(const char *text, int length) {
    xmlDocPtr document = xmlReadMemory(text, length, NULL, NULL, XML_PARSE_NONET);
    if (document == NULL) fail("the envelope is not XML");
    register_ids(document, xmlDocGetRootElement(document));
    return document;
}

static xmlSecDSigCtxPtr context(xmlSecKeyPtr key) {
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
    if (context == NULL) fail("no signature context");
    context->signKey = xmlSecKeyDuplicate(key);
    return context;
}

static xmlNodePtr signature_of(xmlDocPtr document) {
    xmlNodePtr node = xmlSecFindNode(xmlDocGetRootElement(document), xmlSecNodeSignature, xmlSecDSigNs);
    if (node == NULL) fail("the envelope has no Signature");
    return node;
}

static void verify(const char *text, int length, xmlSecKeyPtr key) {
    xmlDocPtr document = parse(text, length);
    xmlSecDSigCtxPtr signature = context(key);
    if (xmlSecDSigCtxVerify(signature, signature_of(document)) < 0 || signature->status != xmlSecDSigStatusSucceeded)
        fail("the signature does not verify");
    xmlSecDSigCtxDestroy(signature);
    xmlFreeDoc(document);
}

static void sign(const char *text, int length, xmlSecKeyPtr key, const char *keep) {
    xmlDocPtr document = parse(text, length);
    xmlSecDSigCtxPtr signature = context(key);
    if (xmlSecDSigCtxSign(signature, signature_of(document)) < 0) fail("the envelope cannot be signed");
    xmlChar *written = NULL;
    int size = 0;
    xmlDocDumpMemory(document, &written, &size);
    if (written == NULL || size < length) fail("the signed envelope cannot be written");
    if (keep != NULL) {
        FILE *file = fopen(keep, "wb");
        if (file == NULL || fwrite(written, 1, (size_t)size, file) != (size_t)size) fail(keep);
        fclose(file);
    }
    xmlFree(written);
    xmlSecDSigCtxDestroy(signature);
    xmlFreeDoc(document);
}

static double cpu_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static xmlSecKeyPtr load_key(const char *path, xmlSecKeyDataFormat format) {
    xmlSecKeyPtr key = xmlSecCryptoAppKeyLoad(path, format, NULL, NULL, NULL);
    if (key == NULL) fail(path);
    return key;
}

int main(int count, char **arguments) {
    if (count != 5) fail("four arguments: signed envelope, envelope to sign, key, certificate");
    xmlInitParser();
    if (xmlSecInit() < 0 || xmlSecCryptoAppInit(NULL) < 0 || xmlSecCryptoInit() < 0) fail("libxmlsec1 does not start");
    int signed_length, unsigned_length;
    char *signed_text = read_file(arguments[1], &signed_length);
    char *unsigned_text = read_file(arguments[2], &unsigned_length);
    xmlSecKeyPtr private_key = load_key(arguments[3], xmlSecKeyDataFormatPem);
    xmlSecKeyPtr public_key = load_key(arguments[4], xmlSecKeyDataFormatCertPem);

    char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char word[16], rest[4000];
        if (sscanf(line, "%15s %3999s", word, rest) != 2) fail("a line is `<verify|sign> <count>` or `keep <file>`");
        if (strcmp(word, "keep") == 0) {
            sign(unsigned_text, unsigned_length, private_key, rest);
            printf("{}\n");
        } else {
            long times = atol(rest);
            double before = cpu_us();
            for (long i = 0; i < times; i++) {
                if (strcmp(word, "verify") == 0) verify(signed_text, signed_length, public_key);
                else if (strcmp(word, "sign") == 0) sign(unsigned_text, unsigned_length, private_key, NULL);
                else fail("an operation is verify or sign");
            }
            printf("{\"cpu_us\":%.3f}\n", (cpu_us() - before) / (double)times);
        }
        fflush(stdout);
    }
    return 0;
}
