package org.rpcward.proxy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures;

/**
 * Which part may know which.
 *
 * <pre>
 *   cli -> server -> frontend, admin -> observe -> service -> registry -> backend -> rpcbind, transport -> rpc -> xdr
 *                 -> kernel
 *                                        service -> limit, scan, ban, overload
 * </pre>
 */
@AnalyzeClasses(packages = "org.rpcward", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String PROXY = "org.rpcward.proxy..";
    private static final String POLICY = "org.rpcward.policy..";

    @ArchTest
    static final ArchRule nothing_looks_upward = Architectures.layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("cli")
            .definedBy("org.rpcward.proxy.cli..")
            .layer("server")
            .definedBy("org.rpcward.proxy.server..")
            .layer("admin")
            .definedBy("org.rpcward.proxy.admin..")
            .layer("frontend")
            .definedBy("org.rpcward.proxy.frontend..")
            .layer("metrics")
            .definedBy("org.rpcward.proxy.metrics..")
            .layer("observe")
            .definedBy("org.rpcward.proxy.observe..")
            .layer("service")
            .definedBy("org.rpcward.proxy.service..")
            .optionalLayer("limit")
            .definedBy("org.rpcward.proxy.limit..")
            .optionalLayer("scan")
            .definedBy("org.rpcward.proxy.scan..")
            .optionalLayer("ban")
            .definedBy("org.rpcward.proxy.ban..")
            .optionalLayer("overload")
            .definedBy("org.rpcward.proxy.overload..")
            .layer("registry")
            .definedBy("org.rpcward.proxy.registry..")
            .layer("backend")
            .definedBy("org.rpcward.proxy.backend..")
            .layer("rpcbind")
            .definedBy("org.rpcward.proxy.rpcbind..")
            .layer("transport")
            .definedBy("org.rpcward.proxy.transport..")
            .layer("rpc")
            .definedBy("org.rpcward.proxy.rpc..")
            .layer("xdr")
            .definedBy("org.rpcward.proxy.xdr..")
            .layer("kernel")
            .definedBy("org.rpcward.proxy.kernel..")
            .layer("policy")
            .definedBy(POLICY)
            .whereLayer("cli")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("server")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("admin")
            .mayOnlyBeAccessedByLayers("cli", "server")
            .whereLayer("frontend")
            .mayOnlyBeAccessedByLayers("server")
            .whereLayer("metrics")
            .mayOnlyBeAccessedByLayers("server")
            .whereLayer("observe")
            .mayOnlyBeAccessedByLayers("cli", "server", "admin", "metrics")
            .whereLayer("service")
            .mayOnlyBeAccessedByLayers("server", "admin", "frontend", "observe", "metrics")
            .whereLayer("limit")
            .mayOnlyBeAccessedByLayers("server", "admin", "observe", "metrics", "service")
            .whereLayer("scan")
            .mayOnlyBeAccessedByLayers("server", "admin", "observe", "service", "metrics")
            .whereLayer("ban")
            .mayOnlyBeAccessedByLayers("server", "admin", "frontend", "observe", "metrics", "service")
            .whereLayer("overload")
            .mayOnlyBeAccessedByLayers("server", "admin", "frontend", "observe", "service", "metrics")
            .whereLayer("registry")
            .mayOnlyBeAccessedByLayers("server", "admin", "observe", "metrics", "service")
            .whereLayer("backend")
            .mayOnlyBeAccessedByLayers("server", "admin", "observe", "metrics", "registry")
            .whereLayer("rpcbind")
            .mayOnlyBeAccessedByLayers(
                    "cli", "server", "admin", "frontend", "observe", "service", "registry", "backend")
            .whereLayer("transport")
            .mayOnlyBeAccessedByLayers("cli", "server", "admin", "frontend", "backend")
            .whereLayer("rpc")
            .mayOnlyBeAccessedByLayers(
                    "admin", "frontend", "observe", "metrics", "service", "backend", "rpcbind", "transport")
            .whereLayer("xdr")
            .mayOnlyBeAccessedByLayers("rpcbind", "rpc")
            .whereLayer("kernel")
            .mayOnlyBeAccessedByLayers("server")
            .whereLayer("policy")
            .mayNotAccessAnyLayer();

    @ArchTest
    static final ArchRule parts_know_each_other_one_way =
            slices().matching("org.rpcward.proxy.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule sockets_are_handled_at_the_edges = noClasses()
            .that()
            .resideInAPackage(PROXY)
            .and()
            .resideOutsideOfPackages(
                    "org.rpcward.proxy.admin..",
                    "org.rpcward.proxy.frontend..",
                    "org.rpcward.proxy.backend..",
                    "org.rpcward.proxy.transport..",
                    "org.rpcward.proxy.server..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.netty.channel..", "io.netty.bootstrap..", "io.netty.handler..", "java.nio.channels..");

    @ArchTest
    static final ArchRule caffeine_is_where_something_is_remembered = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "org.rpcward.proxy.observe..", "org.rpcward.proxy.registry..", "org.rpcward.proxy.service..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.github.benmanes.caffeine.cache");

    @ArchTest
    static final ArchRule one_part_knows_prometheus = noClasses()
            .that()
            .resideOutsideOfPackage("org.rpcward.proxy.metrics..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.micrometer..", "io.prometheus..");

    @ArchTest
    static final ArchRule the_policy_is_read_by_its_module = noClasses()
            .that()
            .resideOutsideOfPackage("org.rpcward.policy.yaml..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.yaml..");

    @ArchTest
    static final ArchRule the_command_line_is_parsed_in_one_place = noClasses()
            .that()
            .resideOutsideOfPackage("org.rpcward.proxy.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("picocli..");

    @ArchTest
    static final ArchRule json_is_written_by_log_admin_and_command_line = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "org.rpcward.proxy.admin..", "org.rpcward.proxy.observe..", "org.rpcward.proxy.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.fasterxml..");

    @ArchTest
    static final ArchRule only_the_command_line_prints =
            noClasses().that().resideOutsideOfPackage("org.rpcward.proxy.cli..").should(ACCESS_STANDARD_STREAMS);
}
