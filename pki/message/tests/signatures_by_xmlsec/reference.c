/* libxmlsec1 as a peer: reads signed SOAP envelopes from standard input and says what it verifies.
 *
 * The arguments are certificates, PEM. A request is: u32 number of the certificate, u32 length, message. An answer is: u8
 * verdict (0 not well-formed or with a DTD, 1 without a ds:Signature in wsse:Security, 2 not verified, 3 verified); if
 * verified u32 length, octets that the signature is over; u32 count of references; for each u32 number of the element of its
 * id in document order (0xFFFFFFFF where there is none), u32 length, octets that the digest is over. Numbers are
 * little-endian.
 *
 * Ids are wsu:Id, xml:id (which libxml2 knows) and the Id of no namespace; the first of two equal ones counts. Nothing but
 * the document itself can be referred to: no file is opened and nothing fetched.
 */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/valid.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

#define WSU "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
#define WSSE "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

enum verdict { NOT_XML, NO_SIGNATURE, NOT_VERIFIED, VERIFIED };

static void quit(const char *why) {
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static uint32_t read_number(void) {
    unsigned char octets[4];
    if (fread(octets, 1, 4, stdin) != 4) exit(0);
    return octets[0] | octets[1] << 8 | octets[2] << 16 | (uint32_t)octets[3] << 24;
}

static char *read_octets(uint32_t length) {
    char *octets = malloc((size_t)length + 1);
    if (!octets || fread(octets, 1, length, stdin) != length) quit("the request ends early");
    octets[length] = 0;
    return octets;
}

static void write_number(uint32_t number) {
    unsigned char octets[4] = {number, number >> 8, number >> 16, number >> 24};
    fwrite(octets, 1, 4, stdout);
}

static void write_buffer(xmlSecBufferPtr buffer) {
    uint32_t length = buffer ? xmlSecBufferGetSize(buffer) : 0;
    write_number(length);
    if (length) fwrite(xmlSecBufferGetData(buffer), 1, length, stdout);
}

static void register_ids(xmlNodePtr element) {
    for (xmlAttrPtr attribute = element->properties; attribute; attribute = attribute->next) {
        int is_ours = !attribute->ns || xmlStrEqual(attribute->ns->href, BAD_CAST WSU);
        if (!is_ours || !xmlStrEqual(attribute->name, BAD_CAST "Id")) continue;
        xmlChar *value = xmlNodeListGetString(element->doc, attribute->children, 1);
        if (value) xmlAddID(NULL, element->doc, value, attribute);
        xmlFree(value);
    }
    for (xmlNodePtr child = element->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE) register_ids(child);
}

/* The number of an element in document order, counted on from `number`; `number` grows to the count of those passed. */
static int number_of(xmlNodePtr at, xmlNodePtr wanted, uint32_t *number) {
    if (at == wanted) return 1;
    (*number)++;
    for (xmlNodePtr child = at->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && number_of(child, wanted, number)) return 1;
    return 0;
}

static xmlNodePtr child(xmlNodePtr parent, const char *local, const xmlChar *namespace) {
    for (xmlNodePtr at = parent ? parent->children : NULL; at; at = at->next)
        if (at->type == XML_ELEMENT_NODE && at->ns && xmlStrEqual(at->name, BAD_CAST local) &&
            xmlStrEqual(at->ns->href, namespace))
            return at;
    return NULL;
}

/* Envelope/Header/wsse:Security/ds:Signature, Header being of the Envelope's own namespace. */
static xmlNodePtr signature_of(xmlNodePtr root) {
    if (!root->ns) return NULL;
    xmlNodePtr security = child(child(root, "Header", root->ns->href), "Security", BAD_CAST WSSE);
    return child(security, "Signature", xmlSecDSigNs);
}

static void write_reference(xmlDocPtr document, xmlSecDSigReferenceCtxPtr reference) {
    uint32_t number = 0;
    xmlAttrPtr id = reference->uri && reference->uri[0] == '#' ? xmlGetID(document, reference->uri + 1) : NULL;
    int is_found = id && number_of(xmlDocGetRootElement(document), id->parent, &number);
    write_number(is_found ? number : UINT32_MAX);
    write_buffer(xmlSecDSigReferenceCtxGetPreDigestBuffer(reference));
}

static void verify(xmlDocPtr document, xmlNodePtr signature, xmlSecKeyPtr key) {
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
    if (!context) quit("no signature context");
    context->flags |= XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES | XMLSEC_DSIG_FLAGS_STORE_SIGNATURE;
    context->enabledReferenceUris = xmlSecTransformUriTypeEmpty | xmlSecTransformUriTypeSameDocument;
    context->signKey = xmlSecKeyDuplicate(key);
    if (xmlSecDSigCtxVerify(context, signature) < 0 || context->status != xmlSecDSigStatusSucceeded) {
        putchar(NOT_VERIFIED);
    } else {
        putchar(VERIFIED);
        write_buffer(xmlSecDSigCtxGetPreSignBuffer(context));
        uint32_t count = xmlSecPtrListGetSize(&context->signedInfoReferences);
        write_number(count);
        for (uint32_t i = 0; i < count; i++)
            write_reference(document, xmlSecPtrListGetItem(&context->signedInfoReferences, i));
    }
    xmlSecDSigCtxDestroy(context);
}

static void answer(const char *text, uint32_t length, xmlSecKeyPtr key) {
    xmlParserCtxtPtr parser = xmlNewParserCtxt();
    int options = XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    xmlDocPtr document = xmlCtxtReadMemory(parser, text, length, NULL, NULL, options);
    if (!document || !parser->wellFormed || !parser->nsWellFormed || document->intSubset) {
        putchar(NOT_XML);
    } else {
        register_ids(xmlDocGetRootElement(document));
        xmlNodePtr signature = signature_of(xmlDocGetRootElement(document));
        if (signature) verify(document, signature, key);
        else putchar(NO_SIGNATURE);
    }
    fflush(stdout);
    if (document) xmlFreeDoc(document);
    xmlFreeParserCtxt(parser);
}

static void silent(void *context, const char *message, ...) {
    (void)context;
    (void)message;
}

int main(int count, char **files) {
    xmlInitParser();
    xmlSetGenericErrorFunc(NULL, silent);
    if (xmlSecInit() < 0 || xmlSecCryptoAppInit(NULL) < 0 || xmlSecCryptoInit() < 0) quit("libxmlsec1 does not start");
    xmlSecKeyPtr *keys = calloc(count, sizeof *keys);
    for (int i = 1; i < count; i++) {
        keys[i - 1] = xmlSecCryptoAppKeyLoad(files[i], xmlSecKeyDataFormatCertPem, NULL, NULL, NULL);
        if (!keys[i - 1]) quit("a certificate cannot be read");
    }
    xmlSecErrorsDefaultCallbackEnableOutput(0);
    for (;;) {
        uint32_t number = read_number();
        uint32_t length = read_number();
        char *text = read_octets(length);
        if (number >= (uint32_t)count - 1) quit("no such certificate");
        answer(text, length, keys[number]);
        free(text);
    }
}
