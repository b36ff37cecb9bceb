/* Writes two snapshots of a small program that leaks, for the fault tests.
 *
 * usage: snapshots BEFORE AFTER
 */
#include "tests/unit/fixture.h"

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct fixture *fixture = fixture_webapp(i == 1 ? 4 : 20);
        fixture_write(fixture, argv[i]);
        fixture_destroy(fixture);
    }
    return argc == 3 ? 0 : 2;
}
