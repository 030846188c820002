package org.rpcward.proxy.it;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/** For tests that need hosts of namespaces, and so root, a Linux that has them, and these programs besides. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(LabCondition.class)
@interface RequiresLab {
    /** Programs that the tests run. */
    String[] programs() default {"rpcbind"};
}
