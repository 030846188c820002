package org.rpcward.policy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.rpcward.policy.rpc.Programs;

@AnalyzeClasses(packages = "org.rpcward.policy", importOptions = ImportOption.DoNotIncludeTests.class)
class PolicyArchitectureTest {
    @ArchTest
    static final ArchRule hasNoSocketsNoThreadsAndNoLog = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "java.net..",
                    "java.nio.channels..",
                    "java.nio.file..",
                    "java.util.concurrent..",
                    "java.util.logging..",
                    "org.slf4j..");

    @ArchTest
    static final ArchRule readsNothingButItsOwnTable = noClasses()
            .that()
            .doNotBelongToAnyOf(Programs.class)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.io..");

    @ArchTest
    static final ArchRule hasNoClock = noClasses()
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching("java\\.time\\.(Clock|Instant)");

    @ArchTest
    static final ArchRule modelDoesNotKnowItsText = noClasses()
            .that()
            .resideOutsideOfPackage("org.rpcward.policy.yaml..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.rpcward.policy.yaml..", "org.yaml..");

    @ArchTest
    static final ArchRule wordsDoNotKnowThePolicyThatUsesThem = noClasses()
            .that()
            .resideInAnyPackage("org.rpcward.policy.net..", "org.rpcward.policy.rpc..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.rpcward.policy");
}
