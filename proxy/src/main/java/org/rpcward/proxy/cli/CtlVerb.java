package org.rpcward.proxy.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What all verbs of {@code ctl} have. */
abstract class CtlVerb implements Callable<Integer> {
    @ParentCommand
    private CtlCommand ctl;

    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets them
    CtlVerb() {}

    ControlSocket socket() {
        return ctl.socket(spec.commandLine());
    }
}
