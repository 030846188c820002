package org.rpcward.proxy.admin;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.admin.Request.BadRequest;

/**
 * Answers the requests of one connection, one at a time. What a client sends while it is being answered is not kept: the
 * connection ends with that answer.
 */
final class HttpConnection extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final int MOST_PARAMETERS = 32;
    private static final Duration BETWEEN_LINES = Duration.ofMillis(100);
    private static final int BYTES_AT_ONCE = 16 << 10;

    /** How often a reader of a stream may not have taken anything before it is cut. */
    private static final int MOST_STALLS = (int) (Duration.ofSeconds(10).toMillis() / BETWEEN_LINES.toMillis());

    private final Routes routes;
    private final Guard guard;
    private final Connections connections;
    private final boolean control;
    private final Consumer<String> failures;
    private boolean busy;
    private boolean last;
    private @Nullable Stream stream;

    /** @param control whether this is the control socket, where changes are taken */
    HttpConnection(Routes routes, Guard guard, Connections connections, boolean control, Consumer<String> failures) {
        this.routes = routes;
        this.guard = guard;
        this.connections = connections;
        this.control = control;
        this.failures = failures;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        if (busy || stream != null) {
            last = true;
            return;
        }
        busy = true;
        last = !HttpUtil.isKeepAlive(request);
        boolean withBody = !request.method().equals(HttpMethod.HEAD);
        guard.answering();
        Answer refusal = refusal(context.channel(), request);
        if (refusal != null) {
            last = true;
            send(context, refusal, withBody);
            return;
        }
        try {
            serve(context, request, withBody);
        } catch (BadRequest e) {
            send(context, Answer.error(Answer.BAD_REQUEST, String.valueOf(e.getMessage())), withBody);
        } catch (RuntimeException mistake) {
            send(context, failure(mistake), withBody);
        }
    }

    private void serve(ChannelHandlerContext context, FullHttpRequest request, boolean withBody) {
        QueryStringDecoder uri = new QueryStringDecoder(request.uri(), StandardCharsets.UTF_8, true, MOST_PARAMETERS);
        Request asked =
                new Request(uri.rawPath(), parameters(uri), request.headers().get(HttpHeaderNames.ACCEPT));
        Routes.Route route = routes.find(asked.path());
        boolean post = request.method().equals(HttpMethod.POST);
        if (route == null || (route.changes() && !control)) {
            send(context, Answer.error(Answer.NOT_FOUND, "nothing is here"), withBody);
        } else if (route.changes() != post) {
            send(context, Answer.error(Answer.METHOD_NOT_ALLOWED, route.changes() ? "use POST" : "use GET"), withBody);
        } else if (route.streamer() != null) {
            begin(context, asked, route.streamer(), request.protocolVersion());
        } else if (route.handler() != null) {
            route.handler().answer(asked).whenComplete((answer, mistake) -> {
                Answer told = mistake == null ? answer : failure(mistake);
                if (context.executor().inEventLoop()) {
                    send(context, told, withBody);
                } else {
                    context.executor().execute(() -> send(context, told, withBody));
                }
            });
        }
    }

    private static Map<String, String> parameters(QueryStringDecoder uri) {
        Map<String, List<String>> written;
        try {
            written = uri.parameters();
        } catch (IllegalArgumentException e) {
            throw new BadRequest("the query of the URL cannot be read");
        }
        Map<String, String> parameters = new HashMap<>();
        written.forEach((name, values) -> {
            if (values.size() > 1) {
                throw new BadRequest("a parameter stands twice");
            }
            parameters.put(name, values.get(0));
        });
        return parameters;
    }

    /** What is wrong with a request before it is looked at what it wants; null when nothing is. */
    private @Nullable Answer refusal(Channel channel, FullHttpRequest request) {
        Throwable broken = request.decoderResult().cause();
        if (broken instanceof TooLongHttpLineException) {
            return Answer.error(Answer.LINE_TOO_LONG, "the request line is too long");
        }
        if (broken instanceof TooLongHttpHeaderException) {
            return Answer.error(Answer.HEADERS_TOO_LONG, "the headers are too long");
        }
        if (broken != null || !request.uri().startsWith("/")) {
            return Answer.error(Answer.BAD_REQUEST, "this is no request of HTTP/1.1");
        }
        HttpMethod method = request.method();
        boolean reads = method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD);
        if (!reads && !(control && method.equals(HttpMethod.POST))) {
            return Answer.error(Answer.METHOD_NOT_ALLOWED, "only GET is understood here");
        }
        if (request.headers().contains(HttpHeaderNames.ORIGIN)) {
            return Answer.error(Answer.FORBIDDEN, "pages of other origins have no business here");
        }
        if (FetchCheck.isOfAnotherSite(request.headers(), control)) {
            return Answer.error(Answer.FORBIDDEN, "pages of other sites have no business here");
        }
        return control ? null : refusalOfHost(channel, request.headers());
    }

    private static @Nullable Answer refusalOfHost(Channel channel, HttpHeaders headers) {
        List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
        if (hosts.size() != 1) {
            return Answer.error(Answer.BAD_REQUEST, "one Host header is wanted");
        }
        boolean ours = channel.localAddress() instanceof InetSocketAddress at && HostCheck.isOurs(hosts.get(0), at);
        return ours ? null : Answer.error(Answer.FORBIDDEN, "ask by the address, or by the name localhost");
    }

    /** A mistake of ours costs the request that met it, and is told. */
    private Answer failure(Throwable mistake) {
        failures.accept("a request could not be answered: " + mistake);
        return Answer.error(Answer.FAILED, "it went wrong; the log tells more");
    }

    private void send(ChannelHandlerContext context, Answer answer, boolean withBody) {
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        DefaultFullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(answer.status()),
                withBody ? Unpooled.wrappedBuffer(body) : Unpooled.EMPTY_BUFFER);
        protect(response, answer.type());
        response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
        HttpUtil.setKeepAlive(response, !last);
        guard.sending();
        context.writeAndFlush(response).addListener(sent -> {
            if (!sent.isSuccess()) {
                context.close();
            } else if (last) {
                finish(context);
            } else {
                busy = false;
                guard.answered();
            }
        });
    }

    /** Ends a connection so that what was said arrives, also where the other end has not said all: it reads, and ends too. */
    private void finish(ChannelHandlerContext context) {
        guard.finishing();
        if (context.channel() instanceof DuplexChannel connection) {
            connection.shutdownOutput();
        } else {
            context.close();
        }
    }

    /** Nothing of this is for a browser to guess at, to run, to show within another page or to keep. */
    private static void protect(HttpResponse response, String type) {
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, type)
                .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
                .set("x-content-type-options", "nosniff")
                .set(HttpHeaderNames.CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'")
                .set("referrer-policy", "no-referrer");
    }

    private void begin(ChannelHandlerContext context, Request asked, Routes.Streamer streamer, HttpVersion version) {
        if (!connections.beginStream()) {
            send(context, Answer.error(Answer.UNAVAILABLE, "too many streams are open already"), true);
            return;
        }
        LineStream lines = new LineStream();
        try {
            streamer.begin(asked, lines);
        } catch (RuntimeException e) {
            connections.endStream();
            throw e;
        }
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        protect(response, "application/x-ndjson");
        // Of HTTP/1.0 the stream ends with the connection.
        HttpUtil.setTransferEncodingChunked(response, version.equals(HttpVersion.HTTP_1_1));
        HttpUtil.setKeepAlive(response, false);
        context.writeAndFlush(response);
        guard.streaming();
        stream = new Stream(context, lines);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (stream != null) {
            stream.end();
            stream = null;
        }
        context.fireChannelInactive();
    }

    /** The other end went away, or sent what no decoder takes. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }

    /** Sends the lines of a stream as fast as its reader takes them. */
    private final class Stream implements Runnable {
        private final ChannelHandlerContext context;
        private final LineStream lines;
        private final Future<?> timer;
        private int stalls;

        Stream(ChannelHandlerContext context, LineStream lines) {
            this.context = context;
            this.lines = lines;
            this.timer =
                    context.executor().scheduleWithFixedDelay(this, 0, BETWEEN_LINES.toMillis(), TimeUnit.MILLISECONDS);
        }

        @Override
        public void run() {
            stalls = context.channel().isWritable() ? 0 : stalls + 1;
            if (stalls > MOST_STALLS) {
                context.close();
            }
            boolean more = true;
            while (more && context.channel().isWritable()) {
                more = sendSome();
            }
        }

        private boolean sendSome() {
            StringBuilder text = new StringBuilder();
            long left = lines.takeLeftOut();
            if (left > 0) {
                text.append(Json.text(Map.of("event", "tail", "left_out", left)))
                        .append('\n');
            }
            Object line = lines.poll();
            while (line != null) {
                text.append(Json.text(line)).append('\n');
                line = text.length() < BYTES_AT_ONCE ? lines.poll() : null;
            }
            if (text.isEmpty()) {
                return false;
            }
            context.writeAndFlush(new DefaultHttpContent(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII)))
                    .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
            return true;
        }

        void end() {
            timer.cancel(false);
            lines.close();
            connections.endStream();
        }
    }
}
