/* libxml2 as a peer: reads documents from standard input and says how libxml2 reads them.
 *
 * A request is: u32 length, document; u32 count of questions; for each u32 number of an element in document order, u32
 * length, prefix list (separated by spaces). An answer is: u8 whether the document is well-formed, with and without
 * namespaces, and has no DTD; if so u32 length, listing; for each question u32 length, exclusive canonical form of that
 * element (0xFFFFFFFF where libxml2 gives none). Numbers are little-endian.
 *
 * The listing has, for each element in document order: E depth namespace local; for each attribute in the order of
 * namespace and local name A namespace local value; and where the element has text only, T text. Fields are written as
 * length:octets.
 */
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void field(xmlBufferPtr out, const xmlChar *text) {
    char length[16];
    if (!text) text = BAD_CAST "";
    snprintf(length, sizeof length, "%d:", xmlStrlen(text));
    xmlBufferCat(out, BAD_CAST length);
    xmlBufferCat(out, text);
}

static const xmlChar *uri(const xmlNs *ns) { return ns && ns->href ? ns->href : BAD_CAST ""; }

static int by_name(const void *one, const void *other) {
    const xmlAttr *a = *(xmlAttr *const *)one, *b = *(xmlAttr *const *)other;
    int order = strcmp((const char *)uri(a->ns), (const char *)uri(b->ns));
    return order ? order : strcmp((const char *)a->name, (const char *)b->name);
}

static void list_attributes(xmlNodePtr element, xmlBufferPtr out) {
    xmlAttrPtr all[4096];
    size_t count = 0;
    for (xmlAttrPtr attribute = element->properties; attribute; attribute = attribute->next) {
        if (count == 4096) quit("too many attributes");
        all[count++] = attribute;
    }
    qsort(all, count, sizeof all[0], by_name);
    for (size_t i = 0; i < count; i++) {
        xmlChar *value = xmlNodeListGetString(element->doc, all[i]->children, 1);
        xmlBufferCat(out, BAD_CAST "A");
        field(out, uri(all[i]->ns));
        field(out, all[i]->name);
        field(out, value);
        xmlFree(value);
    }
}

static void list(xmlNodePtr element, int depth, xmlBufferPtr out) {
    char number[16];
    int has_text_only = 1;
    snprintf(number, sizeof number, "E%d", depth);
    xmlBufferCat(out, BAD_CAST number);
    field(out, uri(element->ns));
    field(out, element->name);
    list_attributes(element, out);
    for (xmlNodePtr child = element->children; child; child = child->next)
        if (child->type != XML_TEXT_NODE && child->type != XML_CDATA_SECTION_NODE) has_text_only = 0;
    if (has_text_only) {
        xmlChar *text = xmlNodeGetContent(element);
        xmlBufferCat(out, BAD_CAST "T");
        field(out, text);
        xmlFree(text);
    }
    for (xmlNodePtr child = element->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE) list(child, depth + 1, out);
}

/* The element of that number, in document order. */
static xmlNodePtr numbered(xmlNodePtr element, uint32_t *number) {
    if ((*number)-- == 0) return element;
    for (xmlNodePtr child = element->children; child; child = child->next) {
        if (child->type != XML_ELEMENT_NODE) continue;
        xmlNodePtr found = numbered(child, number);
        if (found) return found;
    }
    return NULL;
}

/* Is a node in the subtree? Namespaces and attributes belong to their element. */
static int is_visible(void *apex, xmlNodePtr node, xmlNodePtr parent) {
    for (xmlNodePtr at = node && node->type != XML_NAMESPACE_DECL ? node : parent; at; at = at->parent)
        if (at == apex) return 1;
    return 0;
}

static void canonicalise(xmlDocPtr document, uint32_t number, char *list_of_prefixes) {
    xmlChar *prefixes[4096];
    size_t count = 0;
    for (char *prefix = strtok(list_of_prefixes, " "); prefix && count < 4095; prefix = strtok(NULL, " "))
        prefixes[count++] = BAD_CAST prefix;
    prefixes[count] = NULL;
    xmlNodePtr apex = numbered(xmlDocGetRootElement(document), &number);
    xmlBufferPtr buffer = xmlBufferCreate();
    xmlOutputBufferPtr out = xmlOutputBufferCreateBuffer(buffer, NULL);
    int written = apex ? xmlC14NExecute(document, is_visible, apex, XML_C14N_EXCLUSIVE_1_0, prefixes, 0, out) : -1;
    xmlOutputBufferClose(out);
    if (written < 0) {
        write_number(UINT32_MAX);
    } else {
        write_number(xmlBufferLength(buffer));
        fwrite(xmlBufferContent(buffer), 1, xmlBufferLength(buffer), stdout);
    }
    xmlBufferFree(buffer);
}

static void silent(void *context, const char *message, ...) {
    (void)context;
    (void)message;
}

int main(void) {
    xmlInitParser();
    xmlSetGenericErrorFunc(NULL, silent);
    for (;;) {
        uint32_t length = read_number();
        char *text = read_octets(length);
        xmlParserCtxtPtr parser = xmlNewParserCtxt();
        int options = XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
        xmlDocPtr document = xmlCtxtReadMemory(parser, text, length, NULL, NULL, options);
        int sound = document && parser->wellFormed && parser->nsWellFormed && !document->intSubset;
        putchar(sound);
        if (sound) {
            xmlBufferPtr listing = xmlBufferCreate();
            list(xmlDocGetRootElement(document), 0, listing);
            write_number(xmlBufferLength(listing));
            fwrite(xmlBufferContent(listing), 1, xmlBufferLength(listing), stdout);
            xmlBufferFree(listing);
        }
        for (uint32_t questions = read_number(); questions; questions--) {
            uint32_t number = read_number();
            char *prefixes = read_octets(read_number());
            if (sound) canonicalise(document, number, prefixes);
            free(prefixes);
        }
        fflush(stdout);
        if (document) xmlFreeDoc(document);
        xmlFreeParserCtxt(parser);
        free(text);
    }
}
