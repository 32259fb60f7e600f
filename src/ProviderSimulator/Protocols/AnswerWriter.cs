using System.Text;
using Microsoft.Extensions.Options;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>
/// The work of an admitted call: waits, faults, production of the output at its pace, and the answer whole or as a stream. What was
/// produced is charged and billed as it is produced, whether it arrives or not.
/// </summary>
internal sealed class AnswerWriter(IOptions<ProviderSimulatorOptions> options, ScriptedModel model, Outage outage, ResponseWriter writer, TimeProvider time)
{
    /// <summary>Output is charged in at most so many portions: the ledger notes each.</summary>
    private const int Portions = 32;

    private readonly ProviderSimulatorOptions _options = options.Value;

    public async Task<LedgerEntry> AnswerAsync(HttpContext context, IProviderProtocol protocol, Call call, LedgerEntry entry, ModelRequest request, TokenCharges charges)
    {
        ModelAnswer answer = model.Answer(request);
        RuleFault? fault = answer.Fault;
        if (outage.For(protocol.Name, call.Organisation, request.Model) is { Kind: not FaultKind.Reset } hit)
        {
            fault = hit;
            // A slow provider still answers what it would have answered; one that is down does not come to that.
            answer = hit.Kind is FaultKind.Status or FaultKind.Hang or FaultKind.Abort or FaultKind.Garbage
                ? new ModelAnswer { Rule = Outage.RuleName, InputTokens = request.PromptTokens }
                : answer;
        }

        entry = entry with { Rule = fault == answer.Fault ? answer.Rule : Outage.RuleName };
        try
        {
            await DelayAsync((answer.Latency * _options.LatencyFactor) + (fault is { Kind: FaultKind.Slow } ? fault.Delay : TimeSpan.Zero), context.RequestAborted);
            if (fault is { Kind: FaultKind.Status })
            {
                await writer.WriteProblemAsync(context, protocol, call, new ProviderProblem(Verdict.FaultStatus, fault.Status, fault.Message ?? "", RetryAfter: fault.RetryAfter, Code: fault.Code));
                return entry with { Verdict = Verdict.FaultStatus, Status = fault.Status, RetryAfterMilliseconds = fault.RetryAfter?.TotalMilliseconds };
            }

            if (fault is { Kind: FaultKind.Hang })
            {
                await DelayAsync(_options.MaxLatency, context.RequestAborted);
                context.Abort();
                return entry with { Verdict = Verdict.FaultHang };
            }

            // From here on the provider does the work and bills it, whether the answer arrives or not.
            call.Settle(charges.AtInput(answer));
            (call.InputTokens, call.CachedTokens) = (answer.InputTokens, answer.CachedTokens);
            return request.Stream && fault is not { Kind: FaultKind.Abort or FaultKind.Garbage or FaultKind.Truncate }
                ? await StreamAsync(context, protocol, call, entry, request, answer, fault, charges)
                : await WholeAsync(context, protocol, call, entry, request, answer, fault, charges);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            call.StreamState = context.Response.HasStarted && request.Stream ? StreamState.CallerGone : StreamState.None;
            return entry with { Verdict = fault?.Kind == FaultKind.Hang ? Verdict.FaultHang : Verdict.CallerGone };
        }
        finally
        {
            Close(call, charges);
        }
    }

    /// <summary>Gives back what max_tokens held and nobody produced; once.</summary>
    private static void Close(Call call, TokenCharges charges)
    {
        if (!call.Closed)
        {
            call.Closed = true;
            call.Settle(charges.AtEnd(call.OutputTokens));
        }
    }

    private async Task<LedgerEntry> WholeAsync(
        HttpContext context, IProviderProtocol protocol, Call call, LedgerEntry entry, ModelRequest request, ModelAnswer answer, RuleFault? fault, TokenCharges charges)
    {
        int portions = _options.OutputTokensPerSecond > 0 ? Math.Min(Portions, answer.OutputTokens) : 1;
        for (int portion = 1; portion <= portions; portion++)
        {
            await ProduceAsync(call, (int)((long)answer.OutputTokens * portion / portions), charges, context.RequestAborted);
        }

        Close(call, charges);
        if (fault is { Kind: FaultKind.Abort })
        {
            context.Abort();
            return entry with { Verdict = Verdict.FaultAbort };
        }

        writer.WriteLimitHeaders(context, protocol, call);
        entry = entry with { Status = StatusCodes.Status200OK };
        if (fault is { Kind: FaultKind.Garbage })
        {
            context.Response.ContentType = request.Stream ? "text/event-stream; charset=utf-8" : "application/json";
            Encoding.UTF8.GetBytes(fault.Message ?? "<html><body>502 Bad Gateway</body></html>\n\n", context.Response.BodyWriter);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            return entry with { Verdict = Verdict.FaultGarbage };
        }

        if (fault is { Kind: FaultKind.Truncate })
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = 10_000;
            Encoding.UTF8.GetBytes("{\"id\":\"", context.Response.BodyWriter);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            context.Abort();
            return entry with { Verdict = Verdict.FaultAbort };
        }

        await ResponseWriter.WriteJsonAsync(context.Response, json => protocol.WriteAnswer(json, call, request, answer), context.RequestAborted);
        return entry with { Verdict = Verdict.Answered };
    }

    private async Task<LedgerEntry> StreamAsync(
        HttpContext context, IProviderProtocol protocol, Call call, LedgerEntry entry, ModelRequest request, ModelAnswer answer, RuleFault? fault, TokenCharges charges)
    {
        HttpResponse response = context.Response;
        writer.WriteLimitHeaders(context, protocol, call);
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        entry = entry with { Status = StatusCodes.Status200OK };
        StreamEvent[] events = [.. protocol.StreamAnswer(call, request, answer, _options.StreamChunkCharacters)];
        bool breaks = fault is { Kind: FaultKind.StreamError or FaultKind.StreamAbort };
        int middle = (events.Length + 1) / 2;
        int end = breaks ? middle : events.Length;
        int portion = Math.Max(1, events.Length / Portions);
        for (int index = 0; index < end; index++)
        {
            if ((index + 1) % portion == 0 || index + 1 == end)
            {
                await ProduceAsync(call, (int)((long)answer.OutputTokens * (index + 1) / events.Length), charges, context.RequestAborted);
            }

            if (fault is { Kind: FaultKind.Stall } && index == middle)
            {
                await DelayAsync(fault.Delay, context.RequestAborted);
            }

            await ResponseWriter.WriteEventAsync(response, events[index], context.RequestAborted);
            call.StreamEvents++;
        }

        call.StreamState = breaks ? StreamState.Broken : StreamState.Complete;
        if (fault is { Kind: FaultKind.StreamError })
        {
            int status = fault.Status > 0 ? fault.Status : protocol.Name == "anthropic" ? 529 : 503;
            await ResponseWriter.WriteEventAsync(response, protocol.StreamProblem(call, new ProviderProblem(Verdict.FaultAbort, status, fault.Message ?? "", Code: fault.Code)), context.RequestAborted);
        }
        else if (breaks)
        {
            context.Abort();
        }

        return entry with { Verdict = breaks ? Verdict.FaultAbort : Verdict.Answered };
    }

    /// <summary>Produces the output up to so many tokens: takes the time it takes, and charges it.</summary>
    private async Task ProduceAsync(Call call, int upTo, TokenCharges charges, CancellationToken cancellationToken)
    {
        int tokens = upTo - call.OutputTokens;
        if (tokens <= 0)
        {
            return;
        }

        if (_options.OutputTokensPerSecond > 0)
        {
            await DelayAsync(TimeSpan.FromSeconds(tokens / _options.OutputTokensPerSecond), cancellationToken);
        }

        call.Settle(charges.AtOutput(tokens));
        call.OutputTokens = upTo;
    }

    private Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken) =>
        delay <= TimeSpan.Zero ? Task.CompletedTask : Task.Delay(delay < _options.MaxLatency ? delay : _options.MaxLatency, time, cancellationToken);
}
