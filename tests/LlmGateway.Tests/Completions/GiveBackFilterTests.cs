using MassTransit;
using NSubstitute;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Ownership;

namespace Pipeline.LlmGateway.Tests.Completions;

public sealed class GiveBackFilterTests
{
    private readonly IPipe<ExceptionReceiveContext> _errorQueue = Substitute.For<IPipe<ExceptionReceiveContext>>();

    [Fact]
    public async Task An_unconfirmed_answer_gives_the_request_back_to_its_queue()
    {
        await Assert.ThrowsAsync<AnswerUnconfirmedException>(() => Filter(new AnswerUnconfirmedException("late")));
        await _errorQueue.DidNotReceiveWithAnyArgs().Send(default!);
    }

    [Fact]
    public async Task A_request_that_reached_a_fenced_owner_goes_back_to_its_queue()
    {
        await Assert.ThrowsAsync<FencedException>(() => Filter(new FencedException("default", 7)));
        await _errorQueue.DidNotReceiveWithAnyArgs().Send(default!);
    }

    [Fact]
    public async Task Work_that_a_stop_interrupts_goes_back_to_its_queue()
    {
        await Assert.ThrowsAsync<OperationCanceledException>(() => Filter(new OperationCanceledException()));
        await _errorQueue.DidNotReceiveWithAnyArgs().Send(default!);
    }

    [Fact]
    public async Task What_can_never_succeed_goes_to_the_error_queue()
    {
        await Filter(new FormatException("not a request"));
        await _errorQueue.ReceivedWithAnyArgs(1).Send(default!);
    }

    private Task Filter(Exception exception)
    {
        var context = Substitute.For<ExceptionReceiveContext>();
        context.Exception.Returns(exception);
        return new GiveBackFilter().Send(context, _errorQueue);
    }
}
